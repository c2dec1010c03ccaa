/**
 * The latest so many counts, and what nearly all of them stay below. Exact over its window, at four bytes a count; sorted
 * only when it is asked after something was added.
 */
export class RecentCounts {
  private readonly counts: number[] = [];
  private next = 0;
  private sorted: readonly number[] | undefined;

  constructor(private readonly countMax: number) {}

  get size(): number {
    return this.counts.length;
  }

  add(count: number): void {
    this.counts[this.next] = count;
    this.next = (this.next + 1) % this.countMax;
    this.sorted = undefined;
  }

  /** The least of the counts that at least this share of them does not exceed. Undefined while there is none. */
  quantile(share: number): number | undefined {
    this.sorted ??= this.counts.toSorted((left, right) => left - right);
    const rank = Math.ceil(share * this.sorted.length);
    return this.sorted[Math.max(0, rank - 1)];
  }
}
