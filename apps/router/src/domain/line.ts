/**
 * Things in an order of which mostly only the first are wanted: each is found, or made, when it is asked for. Places
 * beyond the last hold nothing. Any array is one.
 */
export type Line<Item> = Iterable<Item> &
  Readonly<{ length: number; at: (place: number) => Item | undefined }>;

/** Gives whoever wants them all one after the other. */
export function* throughout<Item>(line: Omit<Line<Item>, typeof Symbol.iterator>): Generator<Item> {
  for (let place = 0; place < line.length; place += 1) yield line.at(place) as Item;
}

/** A line of what is made of the things in another one, each once. */
export class LineOf<From, Item> implements Line<Item> {
  private readonly made: Item[] = [];

  constructor(
    private readonly from: Line<From>,
    private readonly make: (from: From) => Item,
  ) {}

  get length(): number {
    return this.from.length;
  }

  at(place: number): Item | undefined {
    while (this.made.length <= place && this.made.length < this.length) {
      this.made.push(this.make(this.from.at(this.made.length) as From));
    }
    return this.made[place];
  }

  [Symbol.iterator](): Iterator<Item> {
    return throughout(this);
  }
}

/** A line of what somebody tells one after the other, as far as it is asked for. */
export class ToldLine<Item> implements Line<Item> {
  private readonly told: Item[] = [];

  constructor(
    readonly length: number,
    private readonly rest: Iterator<Item>,
  ) {}

  at(place: number): Item | undefined {
    while (this.told.length <= place) {
      const next = this.rest.next();
      if (next.done) return undefined;
      this.told.push(next.value);
    }
    return this.told[place];
  }

  [Symbol.iterator](): Iterator<Item> {
    return throughout(this);
  }
}

/** Each once, where it stands first, told apart by a key. */
export function* distinct<Item>(
  items: Iterable<Item>,
  keyOf: (item: Item) => unknown,
): Generator<Item> {
  const seen = new Set<unknown>();
  for (const item of items) {
    const key = keyOf(item);
    if (seen.has(key)) continue;
    seen.add(key);
    yield item;
  }
}

export function* oneAfterOther<Item>(...parts: readonly Iterable<Item>[]): Generator<Item> {
  for (const part of parts) yield* part;
}
