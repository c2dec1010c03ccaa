import { type Nanos, nanos, zeroNanos } from '@aisbf/money';

/** What was granted: how much may be issued in all, to how many requests at once, and until when. */
export type Grant = Readonly<{
  leaseId: string;
  issuedMax: Nanos;
  slots: number;
  issueUntilMs: number;
}>;

/**
 * Money of one API token that this router may promise to requests without asking anybody. What was issued only
 * rises, but for requests that were withdrawn; one that has ended frees its place, and its money comes back by a
 * higher `issuedMax`.
 */
export class Allowance {
  private total: Nanos = zeroNanos;
  private count = 0;
  private issuedMax: Nanos;
  private readonly running = new Map<string, Nanos>();
  private endedAtLeast = 0;
  private isOpen = true;
  private usedAtMs: number;

  constructor(
    private readonly grant: Grant,
    nowMs: number,
  ) {
    this.issuedMax = grant.issuedMax;
    this.usedAtMs = nowMs;
  }

  get leaseId(): string {
    return this.grant.leaseId;
  }

  get issued(): Nanos {
    return this.total;
  }

  get issuedCount(): number {
    return this.count;
  }

  get lastUsedAtMs(): number {
    return this.usedAtMs;
  }

  get issueUntilMs(): number {
    return this.grant.issueUntilMs;
  }

  /** What may still be issued. */
  get left(): Nanos {
    return nanos(this.issuedMax - this.total);
  }

  /** True where the request has its money now. The same request again gets no more, and none for another amount. */
  take(requestId: string, amount: Nanos, nowMs: number): boolean {
    const had = this.running.get(requestId);
    if (had !== undefined) return had === amount;
    const isFull = this.runningNow >= this.grant.slots;
    if (!this.isOpen || isFull || nowMs >= this.grant.issueUntilMs || amount > this.left)
      return false;
    this.total = nanos(this.total + amount);
    this.count += 1;
    this.running.set(requestId, amount);
    this.usedAtMs = nowMs;
    return true;
  }

  end(requestId: string): void {
    this.running.delete(requestId);
  }

  /** It will never be served, nor settled: what it was given may be given to another. */
  withdraw(requestId: string): void {
    const amount = this.running.get(requestId);
    if (amount === undefined) return;
    this.running.delete(requestId);
    this.total = nanos(this.total - amount);
    this.count -= 1;
  }

  /** What accounts says: messages about ends may have been lost, its count was not. */
  raise(issuedMax: Nanos, settledCount: number): void {
    if (issuedMax > this.issuedMax) this.issuedMax = issuedMax;
    this.endedAtLeast = Math.max(this.endedAtLeast, settledCount);
  }

  /** Nothing more is issued. */
  close(): void {
    this.isOpen = false;
  }

  private get runningNow(): number {
    return Math.min(this.running.size, this.count - this.endedAtLeast);
  }
}
