import type { Attempt, Candidate, EndpointName, Plan } from '@aisbf/contracts';
import { Clock } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import { type HedgedWork, hedgeAfterMs } from '../domain/hedge.js';
import { isWorkless } from '../domain/upstream-answer.js';
import { HealthFacts } from './health-facts.js';
import { RetryBudgets, type RetryPurse } from './retry-budgets.js';
import { type AttemptEnd, RunningAttempt } from './running-attempt.js';
import { Outrun } from './upstream.js';

/** Also the DI token: what is short enough to be sent twice. */
export class HedgeLimits {
  constructor(
    readonly promptTokensMax: number,
    readonly outputTokensMax: number,
  ) {}
}

/** Begins the record of each request's attempts. */
@Injectable()
export class AttemptBook {
  constructor(
    private readonly clock: Clock,
    private readonly health: HealthFacts,
    private readonly budgets: RetryBudgets,
    private readonly limits: HedgeLimits,
  ) {}

  attemptsOf(work: HedgedWork, plan: Plan): Attempts {
    const purse = this.budgets.purseFor(work.request.model);
    return new Attempts(this.clock, this.health, purse, {
      endpoint: work.endpoint,
      isStream: work.request.isStream,
      hedgeAfterMs: hedgeAfterMs(plan, work, this.limits),
    });
  }
}

type AttemptTerms = Readonly<{
  /** By which whoever is asked is asked, where the plan says nothing else. */
  endpoint: EndpointName;
  isStream: boolean;
  /** After so long without an answer the next is asked beside it; undefined: never. */
  hedgeAfterMs: number | undefined;
}>;

/** The attempts of one request: kept for its receipt, told to the routers, and as many as its route can afford. */
export class Attempts {
  private readonly begun: RunningAttempt[] = [];
  private serves: RunningAttempt | undefined;
  private isRetry = false;

  constructor(
    private readonly clock: Clock,
    private readonly health: HealthFacts,
    private readonly purse: RetryPurse,
    private readonly terms: AttemptTerms,
  ) {}

  get hedgeAfterMs(): number | undefined {
    return this.terms.hedgeAfterMs;
  }

  /** Those that have ended, in the order in which they began. */
  get all(): readonly Attempt[] {
    return this.begun.flatMap(({ record }) => record ?? []);
  }

  get count(): number {
    return this.begun.length;
  }

  /** Of the one that serves; where none does, of the latest. */
  get firstByteAtMs(): number | null {
    return (this.serves ?? this.begun.at(-1))?.firstByteAtMs ?? null;
  }

  /** Whether one more would be let begin at once. */
  get mayRetryNow(): boolean {
    return this.purse.isAmple;
  }

  /** Those that began before this one, and have ended. */
  before(one: RunningAttempt): readonly Attempt[] {
    return this.begun.slice(0, this.begun.indexOf(one)).flatMap(({ record }) => record ?? []);
  }

  /** The first may always; another after one that was work for somebody, as long as retries help. */
  async mayBegin(signal: AbortSignal): Promise<boolean> {
    if (!this.isRetry) return true;
    this.isRetry = false;
    return this.purse.borrow(signal);
  }

  /** Whether another may begin beside one that is slow. It is paid for by the route's retries, whatever comes of it. */
  mayHedge(): boolean {
    return this.serves === undefined && this.purse.spend();
  }

  begin(position: number, candidate: Candidate, isHedge = false): RunningAttempt {
    if (this.serves?.record) this.serves = undefined;
    const { clock, health } = this;
    const { isStream } = this.terms;
    const { endpoint = this.terms.endpoint } = candidate;
    const onEnd = (end: AttemptEnd) => this.account(end, isHedge);
    const one = new RunningAttempt({
      ...{ position, candidate, endpoint, isHedge, isStream },
      ...{ clock, health, onEnd },
    });
    this.begun.push(one);
    return one;
  }

  /** The buyer gets the answer of this one. Throws Outrun where that of another has begun. */
  serving(one: RunningAttempt): void {
    if (one.outrun.aborted) throw new Outrun();
    this.serves = one;
    this.purse.settle(true);
    for (const other of this.begun) if (other !== one && !other.record) other.giveUp();
  }

  /** The request has ended, whatever became of it. */
  close(): void {
    this.purse.settle(false);
  }

  /** A refusal of the request itself is an answer, as far as retries go. */
  private account(end: AttemptEnd, isHedge: boolean): void {
    if (end.result !== 'failed' || isWorkless(end.reason)) return;
    this.isRetry = end.reason !== 'request_refused';
    // What a hedge costs is spent already; what is lent is for the one beside it.
    if (!isHedge) this.purse.settle(!this.isRetry);
  }
}
