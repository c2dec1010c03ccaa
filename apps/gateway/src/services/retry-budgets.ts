import { Clock, Metrics } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import { RetryBudget, type RetryBudgetSettings } from '../domain/retry-budget.js';

/** Also the DI token. */
export class RetryLimits {
  constructor(
    readonly budget: RetryBudgetSettings,
    /** How long a retry waits for one that is under way to show whether retries help. */
    readonly waitMsMax: number,
    /** Routes whose budgets are remembered; beyond it the one that was used longest ago begins anew. */
    readonly entriesMax: number,
  ) {}
}

/** What one request may take of its route's budget. */
export abstract class RetryPurse {
  /** Whether one more attempt may be made. Waits a moment where that is not known yet; not after the signal. */
  abstract borrow(signal: AbortSignal): Promise<boolean>;
  /** Whether it would be lent one at once. */
  abstract readonly isAmple: boolean;
  /** Takes one at once and for good: whether one more may be asked beside one that is slow. */
  abstract spend(): boolean;
  /** What was borrowed has helped, or has not. */
  abstract settle(isHelpful: boolean): void;
}

type Shared = Readonly<{ budget: RetryBudget; waiting: Set<() => void> }>;

/** How much may be tried again, for each route by itself: what one of them meets is not the others' fault. */
@Injectable()
export class RetryBudgets {
  private readonly shared = new Map<string, Shared>();
  private readonly refusals;
  private readonly hedges;

  constructor(
    private readonly limits: RetryLimits,
    private readonly clock: Clock,
    metrics: Metrics,
  ) {
    this.refusals = metrics.counter(
      'retries_refused_total',
      'Attempts that were not made, since those before them did not help.',
    );
    this.hedges = metrics.counter(
      'hedges_total',
      'Requests that were sent to a second candidate beside a slow first one.',
    );
  }

  /** A request for this route has come. */
  purseFor(route: string): RetryPurse {
    const nowMs = this.clock.nowMs();
    const one = this.shared.get(route) ?? {
      budget: new RetryBudget(this.limits.budget, nowMs),
      waiting: new Set(),
    };
    this.shared.delete(route);
    this.shared.set(route, one);
    const [oldest] = this.shared.keys();
    if (this.shared.size > this.limits.entriesMax && oldest !== undefined) {
      this.shared.delete(oldest);
    }
    one.budget.earn(nowMs);
    return new SharedPurse(one, this.limits.waitMsMax, this.clock, {
      refused: () => this.refusals.inc(),
      hedged: () => this.hedges.inc(),
    });
  }
}

class SharedPurse extends RetryPurse {
  private hasBorrowed = false;

  constructor(
    private readonly shared: Shared,
    private readonly waitMsMax: number,
    private readonly clock: Clock,
    private readonly told: Readonly<{ refused: () => void; hedged: () => void }>,
  ) {
    super();
  }

  get isAmple(): boolean {
    return this.shared.budget.isAmpleAt(this.clock.nowMs());
  }

  async borrow(signal: AbortSignal): Promise<boolean> {
    const untilMs = this.clock.nowMs() + this.waitMsMax;
    for (;;) {
      const nowMs = this.clock.nowMs();
      if (this.shared.budget.borrow(nowMs)) {
        this.hasBorrowed = true;
        return true;
      }
      const isHopeless = this.shared.budget.underWay === 0 || nowMs >= untilMs || signal.aborted;
      if (isHopeless) {
        this.told.refused();
        return false;
      }
      await this.changed(untilMs - nowMs, signal);
    }
  }

  spend(): boolean {
    const isLent = this.shared.budget.spend(this.clock.nowMs());
    if (isLent) this.told.hedged();
    return isLent;
  }

  settle(isHelpful: boolean): void {
    if (!this.hasBorrowed) return;
    this.hasBorrowed = false;
    this.shared.budget.settle(isHelpful);
    for (const wake of [...this.shared.waiting]) wake();
  }

  /** Resolves when another retry has ended, the time is over, or nobody waits any more. */
  private changed(waitMs: number, signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', wake);
      this.shared.waiting.delete(wake);
      resolve();
    };
    const timer = setTimeout(wake, waitMs);
    signal.addEventListener('abort', wake, { once: true });
    this.shared.waiting.add(wake);
    return promise;
  }
}
