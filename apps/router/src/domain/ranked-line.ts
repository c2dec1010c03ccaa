import { type Line, throughout } from './line.js';

/** Whoever wants more of them than this has the rest sorted: until then looking through all of it is cheaper. */
const looksMax = 16;

/** Things by their ranks, the least first; equals as they came. Sorted only as far as somebody looks. */
export class RankedLine<Item> implements Line<Item> {
  /** Which of the items stand where; up to `found` they do so for good. */
  private readonly places: number[];
  private found = 0;

  constructor(
    private readonly items: readonly Item[],
    private readonly ranks: readonly number[],
  ) {
    this.places = items.map((_item, place) => place);
  }

  get length(): number {
    return this.items.length;
  }

  at(place: number): Item | undefined {
    if (place >= this.length) return undefined;
    while (this.found <= place) this.find();
    return this.items[this.places[place] as number];
  }

  [Symbol.iterator](): Iterator<Item> {
    return throughout(this);
  }

  /** Puts the next one, or all the rest, where it belongs. */
  private find(): void {
    const { places, ranks, found } = this;
    if (found >= looksMax) {
      const rank = (item: number) => ranks[item] as number;
      const rest = places.splice(found);
      places.push(...rest.sort((left, right) => rank(left) - rank(right) || left - right));
      this.found = places.length;
      return;
    }
    const least = this.placeOfLeast();
    const item = places[least] as number;
    places[least] = places[found] as number;
    places[found] = item;
    this.found += 1;
  }

  /** Among those that are not found yet. */
  private placeOfLeast(): number {
    const { places, ranks } = this;
    let least = this.found;
    let item = places[least] as number;
    let rank = ranks[item] as number;
    for (let place = this.found + 1; place < places.length; place += 1) {
      const other = places[place] as number;
      const otherRank = ranks[other] as number;
      if (otherRank > rank || (otherRank === rank && other > item)) continue;
      least = place;
      item = other;
      rank = otherRank;
    }
    return least;
  }
}
