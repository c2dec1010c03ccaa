export type RetryBudgetSettings = Readonly<{
  /** What each request brings in: how many retries a request may cost where none of them helps. */
  perRequest: number;
  /** The most that is saved up, and what there is to begin with. */
  reserve: number;
  /** In this time an empty budget fills up by itself, so that a quiet route can try again. */
  refillMs: number;
}>;

/**
 * How many retries the requests of one route may cost together. A retry borrows one, and gives it back where it helps: as
 * long as retries help there are enough of them, and where they do not, they end. So an outage of everybody is met
 * with hardly more attempts than there are requests, and not with several times as many.
 */
export class RetryBudget {
  private left: number;
  private borrowed = 0;

  constructor(
    private readonly settings: RetryBudgetSettings,
    private filledAtMs: number,
  ) {
    this.left = settings.reserve;
  }

  /** Retries whose end is not known yet. */
  get underWay(): number {
    return this.borrowed;
  }

  /** A request has come. */
  earn(nowMs: number): void {
    this.refill(nowMs);
    this.add(this.settings.perRequest);
  }

  isAmpleAt(nowMs: number): boolean {
    this.refill(nowMs);
    return this.left >= 1;
  }

  /** Takes one retry, or nothing. */
  borrow(nowMs: number): boolean {
    this.refill(nowMs);
    if (this.left < 1) return false;
    this.left -= 1;
    this.borrowed += 1;
    return true;
  }

  /**
   * Takes one for good, whether it helps or not, as long as more than half of the reserve is left: whoever is only slow
   * leaves enough for whoever fails.
   */
  spend(nowMs: number): boolean {
    this.refill(nowMs);
    if (this.left < 1 + this.settings.reserve / 2) return false;
    this.left -= 1;
    return true;
  }

  /** A retry has ended. */
  settle(isHelpful: boolean): void {
    this.borrowed -= 1;
    if (isHelpful) this.add(1);
  }

  private refill(nowMs: number): void {
    const { reserve, refillMs } = this.settings;
    this.add((Math.max(0, nowMs - this.filledAtMs) / refillMs) * reserve);
    this.filledAtMs = nowMs;
  }

  private add(retries: number): void {
    this.left = Math.min(this.settings.reserve, this.left + retries);
  }
}
