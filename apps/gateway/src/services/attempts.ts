import type { Attempt, Candidate } from '@aisbf/contracts';
import type { Clock } from '@aisbf/platform';
import { type AttemptFailure, isBlameless } from '../domain/upstream-answer.js';
import type { HealthFacts } from './health-facts.js';

export type AttemptEnd =
  | Readonly<{ result: 'served'; httpStatus: number }>
  | Readonly<{ result: 'cancelled'; httpStatus: number | null }>
  | Readonly<{
      result: 'failed';
      reason: AttemptFailure | 'request_refused';
      httpStatus: number | null;
      retryAfterMs?: number | null;
    }>;

/** The attempts of one request: kept for its receipt, and told to the routers. */
export class Attempts {
  private readonly ended: Attempt[] = [];
  private current: { position: number; candidate: Candidate; startedAtMs: number } | undefined;
  private currentFirstByteAtMs: number | null = null;

  constructor(
    private readonly clock: Clock,
    private readonly health: HealthFacts,
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

  begin(position: number, candidate: Candidate): void {
    this.current = { position, candidate, startedAtMs: this.clock.nowMs() };
    this.currentFirstByteAtMs = null;
  }

  firstByte(): void {
    this.currentFirstByteAtMs ??= this.clock.nowMs();
  }

  end(end: AttemptEnd): void {
    const { current } = this;
    if (!current) return;
    this.current = undefined;
    const { candidate, position, startedAtMs } = current;
    const isSession = candidate.kind === 'session';
    const reason = end.result === 'failed' ? end.reason : null;
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
      providerId: candidate.providerId,
      model: candidate.model,
      sessionId: isSession ? candidate.sessionId : null,
      isSuccess: end.result === 'served',
      reason,
      retryAfterMs: (end.result === 'failed' && end.retryAfterMs) || null,
      firstByteMs:
        this.currentFirstByteAtMs === null ? null : this.currentFirstByteAtMs - startedAtMs,
      atMs: endedAtMs,
    });
  }
}

function saysNothing(reason: AttemptFailure | 'request_refused'): boolean {
  return reason === 'request_refused' || isBlameless(reason);
}
