import { type Line, throughout } from './line.js';

/** Whoever wants more of them than this has all sorted: until then looking through all of them is cheaper. */
const looksMax = 16;

/** Things by their ranks, the least first; equals as they came. Sorted only as far as somebody looks. */
export class RankedLine<Item> implements Line<Item> {
  /** The places of those that are found, in the order of their ranks. */
  private found: number[] = [];

  constructor(
    private readonly items: readonly Item[],
    private readonly ranks: readonly number[],
  ) {}

  get length(): number {
    return this.items.length;
  }

  at(place: number): Item | undefined {
    if (place >= this.length) return undefined;
    while (this.found.length <= place) this.find();
    return this.items[this.found[place] as number];
  }

  [Symbol.iterator](): Iterator<Item> {
    return throughout(this);
  }

  /** One more, or all. */
  private find(): void {
    if (this.found.length < looksMax) this.found.push(this.next());
    else this.found = sorted(this.ranks);
  }

  /** The least of those that come after all that are found. */
  private next(): number {
    const { ranks, found } = this;
    const last = found.at(-1) ?? -1;
    const lastRank = ranks[last] ?? Number.NEGATIVE_INFINITY;
    let [least, leastRank] = [-1, Number.POSITIVE_INFINITY];
    for (let place = 0; place < ranks.length; place += 1) {
      const rank = ranks[place] as number;
      const isFound = rank < lastRank || (rank === lastRank && place <= last);
      if (isFound || (rank >= leastRank && least >= 0)) continue;
      least = place;
      leastRank = rank;
    }
    return least;
  }
}

function sorted(ranks: readonly number[]): number[] {
  return ranks
    .map((_rank, place) => place)
    .sort((left, right) => {
      const one = ranks[left] as number;
      const other = ranks[right] as number;
      // No difference of ranks: a fraction would be put on the heap for each comparison.
      if (one === other) return left - right;
      return one < other ? -1 : 1;
    });
}
