/**
 * A ladder of buckets, each a fixed share wider than the one before, so that what is told of a value is off by at most
 * `relativeError` of it, be it a millisecond or an hour. What lies beyond an end of the ladder counts as that end.
 */
export class LogBuckets {
  readonly count: number;
  private readonly ratio: number;
  private readonly step: number;

  constructor(
    private readonly least: number,
    private readonly most: number,
    relativeError: number,
  ) {
    this.ratio = (1 + relativeError) / (1 - relativeError);
    this.step = Math.log(this.ratio);
    this.count = Math.ceil(Math.log(most / least) / this.step) + 1;
  }

  /** Bucket n holds what is above `least * ratio ** (n - 1)`, and no more than `least * ratio ** n`. */
  indexOf(value: number): number {
    const within = Math.min(Math.max(value, this.least), this.most);
    const index = Math.ceil(Math.log(within / this.least) / this.step);
    return Math.min(Math.max(index, 0), this.count - 1);
  }

  /** The value that is off by the same share of either end of the bucket. */
  valueAt(index: number): number {
    return (2 * this.least * this.ratio ** index) / (this.ratio + 1);
  }
}
