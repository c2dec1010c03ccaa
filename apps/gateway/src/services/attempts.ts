import type { Attempt, Candidate, EndpointName } from '@aisbf/contracts';
import { Clock } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import { type AttemptFailure, isBlameless, isWorkless } from '../domain/upstream-answer.js';
import { HealthFacts } from './health-facts.js';
import { RetryBudgets, type RetryPurse } from './retry-budgets.js';

export type AttemptEnd =
  | Readonly<{
      result: 'served';
      httpStatus: number;
      /** Of a stream that went to its end: what has left of it. */
      streamedTokens?: number;
    }>
  | Readonly<{ result: 'cancelled'; httpStatus: number | null }>
  | Readonly<{
      result: 'failed';
      reason: AttemptFailure | 'request_refused';
      httpStatus: number | null;
      retryAfterMs?: number | null;
    }>;

/** A stream that was held back for a larger share of its time says nothing of how fast its upstream is. */
const heldShareMax = 0.1;

/** A stream that has gone on for so long tells the routers so: what ends sooner tells by its end. */
const answeringAfterMs = 2_000;

/** Begins the record of each request's attempts. */
@Injectable()
export class AttemptBook {
  constructor(
    private readonly clock: Clock,
    private readonly health: HealthFacts,
    private readonly budgets: RetryBudgets,
  ) {}

  attemptsOf(route: string, endpoint: EndpointName): Attempts {
    return new Attempts(endpoint, this.clock, this.health, this.budgets.purseFor(route));
  }
}

/** The attempts of one request: kept for its receipt, told to the routers, and as many as its route can afford. */
export class Attempts {
  private readonly ended: Attempt[] = [];
  private current: { position: number; candidate: Candidate; startedAtMs: number } | undefined;
  private currentFirstByteAtMs: number | null = null;
  private heldMs = 0;
  private isToldToAnswer = false;
  private isRetry = false;

  constructor(
    /** By which whoever is asked is asked, where the plan says nothing else. */
    private readonly endpoint: EndpointName,
    private readonly clock: Clock,
    private readonly health: HealthFacts,
    private readonly purse: RetryPurse,
  ) {}

  get all(): readonly Attempt[] {
    return this.ended;
  }

  get count(): number {
    return this.ended.length + (this.current ? 1 : 0);
  }

  get firstByteAtMs(): number | null {
    return this.currentFirstByteAtMs;
  }

  /** Whether one more would be let begin at once. */
  get mayRetryNow(): boolean {
    return this.purse.isAmple;
  }

  /** The first may always; another after one that was work for somebody, as long as retries help. */
  async mayBegin(signal: AbortSignal): Promise<boolean> {
    if (!this.isRetry) return true;
    this.isRetry = false;
    return this.purse.borrow(signal);
  }

  begin(position: number, candidate: Candidate): void {
    this.current = { position, candidate, startedAtMs: this.clock.nowMs() };
    this.currentFirstByteAtMs = null;
    this.heldMs = 0;
    this.isToldToAnswer = false;
  }

  /** The buyer gets an answer. */
  serving(): void {
    this.purse.settle(true);
  }

  /** The request has ended, whatever became of it. */
  close(): void {
    this.purse.settle(false);
  }

  /** Bytes have come from the upstream, and nothing was wrong with those before them. */
  bytes(): void {
    const nowMs = this.clock.nowMs();
    this.currentFirstByteAtMs ??= nowMs;
    const { current } = this;
    if (!current || this.isToldToAnswer || nowMs - this.currentFirstByteAtMs < answeringAfterMs) {
      return;
    }
    this.isToldToAnswer = true;
    this.health.attemptAnswering({
      type: 'attempt-answering',
      ...this.upstreamOf(current.candidate),
      atMs: nowMs,
    });
  }

  /** Waits for what is not the upstream's business: the buyer's reading, or money. */
  async heldBackBy<Result>(waiting: Promise<Result>): Promise<Result> {
    const sinceMs = this.clock.nowMs();
    try {
      return await waiting;
    } finally {
      this.heldMs += this.clock.nowMs() - sinceMs;
    }
  }

  end(end: AttemptEnd): void {
    const { current } = this;
    if (!current) return;
    this.current = undefined;
    const { candidate, position, startedAtMs } = current;
    const isSession = candidate.kind === 'session';
    const reason = end.result === 'failed' ? end.reason : null;
    this.account(reason);
    const endedAtMs = this.clock.nowMs();
    this.ended.push({
      position,
      sessionId: isSession ? candidate.sessionId : null,
      sessionEpoch: isSession ? candidate.sessionEpoch : null,
      startedAtMs,
      firstByteAtMs: this.currentFirstByteAtMs,
      endedAtMs,
      result: end.result,
      reason,
      httpStatus: end.httpStatus,
    });
    // A request that nobody would take, and a buyer who left, say nothing about the seller's health.
    if (end.result === 'cancelled' || (reason !== null && saysNothing(reason))) return;
    this.health.attemptEnded({
      type: 'attempt-ended',
      ...this.upstreamOf(candidate),
      isSuccess: end.result === 'served',
      reason,
      retryAfterMs: (end.result === 'failed' && end.retryAfterMs) || null,
      firstByteMs:
        this.currentFirstByteAtMs === null ? null : this.currentFirstByteAtMs - startedAtMs,
      ...this.paceOf(end, endedAtMs),
      atMs: endedAtMs,
    });
  }

  /** A refusal of the request itself is an answer, as far as retries go. */
  private account(reason: AttemptFailure | 'request_refused' | null): void {
    if (reason === null || isWorkless(reason)) return;
    this.isRetry = reason !== 'request_refused';
    this.purse.settle(!this.isRetry);
  }

  private upstreamOf(candidate: Candidate) {
    const { providerId, model, endpoint = this.endpoint } = candidate;
    const sessionId = candidate.kind === 'session' ? candidate.sessionId : null;
    return { providerId, model, sessionId, endpoint };
  }

  private paceOf(end: AttemptEnd, endedAtMs: number) {
    const firstByteAtMs = this.currentFirstByteAtMs;
    if (end.result !== 'served' || end.streamedTokens === undefined || firstByteAtMs === null) {
      return {};
    }
    const streamMs = endedAtMs - firstByteAtMs;
    const isHeldBack = this.heldMs > streamMs * heldShareMax;
    return { streamMs, ...(!isHeldBack && { outputTokens: end.streamedTokens }) };
  }
}

function saysNothing(reason: AttemptFailure | 'request_refused'): boolean {
  return reason === 'request_refused' || isBlameless(reason);
}
