import type { LogBuckets } from './log-buckets.js';

export type RecentSpan = Readonly<{
  spanMs: number;
  /** How many pieces the span falls away in. */
  slices: number;
}>;

type Slice = Readonly<{ number: number; counts: Uint32Array }>;

/**
 * Values of the last while, as counts of their buckets in slices of time: what is too old falls away a slice at a time, so
 * that a span is seen whole, and up to one slice more of it. Times are those of the values: whoever is told the same values
 * in whatever order comes to the same figures. Takes a fixed amount of memory, however many values there are.
 */
export class RecentValues {
  private readonly slices: (Slice | undefined)[];
  private readonly sliceMs: number;

  constructor(
    private readonly buckets: LogBuckets,
    { spanMs, slices }: RecentSpan,
  ) {
    this.sliceMs = spanMs / slices;
    this.slices = Array.from({ length: slices + 1 });
  }

  add(value: number, atMs: number): void {
    const number = Math.floor(atMs / this.sliceMs);
    const place = number % this.slices.length;
    const known = this.slices[place];
    // What is told this late would have fallen away by now.
    if (known && known.number > number) return;
    const slice =
      known?.number === number ? known : { number, counts: new Uint32Array(this.buckets.count) };
    const index = this.buckets.indexOf(value);
    slice.counts[index] = (slice.counts[index] ?? 0) + 1;
    this.slices[place] = slice;
  }

  /** Every value of the span at this time. */
  countsAt(nowMs: number): ValueCounts {
    const newest = Math.floor(nowMs / this.sliceMs);
    const sums = new Float64Array(this.buckets.count);
    for (const slice of this.slices) {
      if (!slice || slice.number > newest || slice.number <= newest - this.slices.length) continue;
      for (const [index, count] of slice.counts.entries()) sums[index] = (sums[index] ?? 0) + count;
    }
    return new ValueCounts(this.buckets, sums);
  }
}

/** Counted values; what is asked of them is right but for the error of their buckets. */
export class ValueCounts {
  readonly total: number;

  constructor(
    private readonly buckets: LogBuckets,
    private readonly counts: Float64Array,
  ) {
    this.total = counts.reduce((sum, count) => sum + count, 0);
  }

  /** The least value that at least this share of all does not exceed; undefined where there is none. */
  quantile(share: number): number | undefined {
    if (this.total === 0) return undefined;
    const rank = Math.max(1, Math.ceil(share * this.total));
    let seen = 0;
    const index = this.counts.findIndex((count) => {
      seen += count;
      return seen >= rank;
    });
    return this.buckets.valueAt(index);
  }
}
