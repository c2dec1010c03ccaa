import type { Attempt, Candidate, EndpointName } from '@aisbf/contracts';
import type { Clock } from '@aisbf/platform';
import { type AttemptFailure, isBlameless } from '../domain/upstream-answer.js';
import type { HealthFacts } from './health-facts.js';

export type AttemptEnd =
  | Readonly<{
      result: 'served';
      httpStatus: number;
      /** Of a stream that went to its end: what has left of it. */
      streamedTokens?: number;
    }>
  /** `hedged`: it was one of two at once, and the other was faster. Otherwise the buyer has left. */
  | Readonly<{ result: 'cancelled'; reason?: 'hedged'; httpStatus: number | null }>
  | Readonly<{
      result: 'failed';
      reason: AttemptFailure | 'request_refused';
      httpStatus: number | null;
      retryAfterMs?: number | null;
    }>;

export type AttemptParts = Readonly<{
  position: number;
  candidate: Candidate;
  /** By which it is asked. */
  endpoint: EndpointName;
  /** It was begun beside one that is slow, and not after one that has failed. */
  isHedge: boolean;
  /** Of a whole answer it says nothing how long the first byte takes. */
  isStream: boolean;
  clock: Clock;
  health: HealthFacts;
  /** Before anybody is told of it. */
  onEnd: (end: AttemptEnd) => void;
}>;

/** A stream that was held back for a larger share of its time says nothing of how fast its upstream is. */
const heldShareMax = 0.1;

/** A stream that has gone on for so long tells the routers so: what ends sooner tells by its end. */
const answeringAfterMs = 2_000;

/** One candidate at work for a request: timed, and told to the routers when it has ended. */
export class RunningAttempt {
  private readonly startedAtMs: number;
  private readonly stop = new AbortController();
  private ended: Attempt | undefined;
  private cameAtMs: number | null = null;
  private heldMs = 0;
  private isToldToAnswer = false;

  constructor(private readonly parts: AttemptParts) {
    this.startedAtMs = parts.clock.nowMs();
  }

  /** Aborted where another one was faster. */
  get outrun(): AbortSignal {
    return this.stop.signal;
  }

  get isHedge(): boolean {
    return this.parts.isHedge;
  }

  /** What is told of it on the receipt; undefined while it goes on. */
  get record(): Attempt | undefined {
    return this.ended;
  }

  get firstByteAtMs(): number | null {
    return this.cameAtMs;
  }

  /** Bytes have come from the upstream, and nothing was wrong with those before them. */
  bytes(): void {
    if (this.ended) return;
    const { clock, health } = this.parts;
    const nowMs = clock.nowMs();
    this.cameAtMs ??= nowMs;
    if (this.isToldToAnswer || nowMs - this.cameAtMs < answeringAfterMs) return;
    this.isToldToAnswer = true;
    health.attemptAnswering({ type: 'attempt-answering', ...this.upstream, atMs: nowMs });
  }

  /** Waits for what is not the upstream's business: the buyer's reading, or money. */
  async heldBackBy<Result>(waiting: Promise<Result>): Promise<Result> {
    const { clock } = this.parts;
    const sinceMs = clock.nowMs();
    try {
      return await waiting;
    } finally {
      this.heldMs += clock.nowMs() - sinceMs;
    }
  }

  /**
   * Another one has begun to answer: nothing more of this one is wanted. How slow it is would be known of nobody who is always
   * outrun; of a hedge it is not told, since it had less time.
   */
  giveUp(): void {
    if (this.ended) return;
    this.end({ result: 'cancelled', reason: 'hedged', httpStatus: null });
    this.stop.abort();
    const { clock, health, isHedge, isStream } = this.parts;
    if (isHedge || !isStream || this.cameAtMs !== null) return;
    const atMs = clock.nowMs();
    const waitedMs = Math.max(0, atMs - this.startedAtMs);
    health.attemptOutrun({ type: 'attempt-outrun', ...this.upstream, waitedMs, atMs });
  }

  /** The first end counts. */
  end(end: AttemptEnd): void {
    if (this.ended) return;
    const { candidate, position, clock, health, onEnd } = this.parts;
    const isSession = candidate.kind === 'session';
    onEnd(end);
    const endedAtMs = clock.nowMs();
    this.ended = {
      position,
      sessionId: isSession ? candidate.sessionId : null,
      sessionEpoch: isSession ? candidate.sessionEpoch : null,
      startedAtMs: this.startedAtMs,
      firstByteAtMs: this.cameAtMs,
      endedAtMs,
      result: end.result,
      reason: end.result === 'served' ? null : (end.reason ?? null),
      httpStatus: end.httpStatus,
    };
    // A request that nobody would take, and one that nobody waits for any more, say nothing about the seller's health.
    if (end.result === 'cancelled' || (end.result === 'failed' && saysNothing(end.reason))) return;
    health.attemptEnded({
      type: 'attempt-ended',
      ...this.upstream,
      isSuccess: end.result === 'served',
      reason: end.result === 'failed' ? end.reason : null,
      retryAfterMs: (end.result === 'failed' && end.retryAfterMs) || null,
      firstByteMs: this.cameAtMs === null ? null : this.cameAtMs - this.startedAtMs,
      ...this.paceOf(end, endedAtMs),
      atMs: endedAtMs,
    });
  }

  private get upstream() {
    const { candidate, endpoint } = this.parts;
    const { providerId, model } = candidate;
    const sessionId = candidate.kind === 'session' ? candidate.sessionId : null;
    return { providerId, model, sessionId, endpoint };
  }

  private paceOf(end: AttemptEnd, endedAtMs: number) {
    if (end.result !== 'served' || end.streamedTokens === undefined || this.cameAtMs === null) {
      return {};
    }
    const streamMs = endedAtMs - this.cameAtMs;
    const isHeldBack = this.heldMs > streamMs * heldShareMax;
    return { streamMs, ...(!isHeldBack && { outputTokens: end.streamedTokens }) };
  }
}

function saysNothing(reason: AttemptFailure | 'request_refused'): boolean {
  return reason === 'request_refused' || isBlameless(reason);
}
