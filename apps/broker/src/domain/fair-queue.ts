/**
 * Things that wait, each for its owner: owners are served in turn, and each one's own in the order in which
 * they came. Bounded: where it is full, whoever has most in it gives way, so that one owner can never keep
 * the others out.
 */
export class FairQueue<Item> {
  /** Whose turn it is stands first. No line is empty. */
  private readonly lines = new Map<string, Item[]>();
  private count = 0;

  constructor(private readonly sizeMax: number) {}

  get size(): number {
    return this.count;
  }

  /** Gives the item that has no place: the new one, or the latest of whoever has most. */
  add(owner: string, item: Item): Item | undefined {
    const line = this.lines.get(owner) ?? [];
    const longest = this.count < this.sizeMax ? undefined : this.longestLine();
    if (this.count >= this.sizeMax && (longest?.length ?? 0) <= line.length + 1) return item;
    const displaced = longest?.pop();
    if (!longest) this.count += 1;
    line.push(item);
    this.lines.set(owner, line);
    return displaced;
  }

  /** Takes off the next one. */
  next(): Item | undefined {
    const [first] = this.lines;
    if (!first) return undefined;
    const [owner, line] = first;
    const item = line.shift();
    this.count -= 1;
    this.lines.delete(owner);
    if (line.length > 0) this.lines.set(owner, line);
    return item;
  }

  /** False where it does not wait here. */
  remove(owner: string, item: Item): boolean {
    const line = this.lines.get(owner);
    const index = line?.indexOf(item) ?? -1;
    if (!line || index === -1) return false;
    line.splice(index, 1);
    this.count -= 1;
    if (line.length === 0) this.lines.delete(owner);
    return true;
  }

  /** Takes off all. */
  clear(): readonly Item[] {
    const items = [...this.lines.values()].flat();
    this.lines.clear();
    this.count = 0;
    return items;
  }

  private longestLine(): Item[] | undefined {
    let longest: Item[] | undefined;
    for (const line of this.lines.values()) {
      if (line.length > (longest?.length ?? 0)) longest = line;
    }
    return longest;
  }
}
