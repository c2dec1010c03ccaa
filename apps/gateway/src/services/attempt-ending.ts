import type { Fault } from '@aisbf/faults';
import { faults } from '../domain/faults.js';
import type { AttemptFailure } from '../domain/upstream-answer.js';
import type { RelayEnd } from './answer-relay.js';
import type { Attempts } from './attempts.js';
import type { RunningAttempt } from './running-attempt.js';

/** What is told of an attempt whose answer has been relayed. */
export function endAttempt(
  attempt: RunningAttempt,
  relayed: RelayEnd,
  {
    httpStatus,
    tokens,
    hasContent,
    isStream,
  }: Readonly<{ httpStatus: number; tokens: number; hasContent: boolean; isStream: boolean }>,
): void {
  if (relayed.kind === 'failed' || relayed.end === 'failed') {
    attempt.end({ result: 'failed', reason: relayed.failure ?? 'cut', httpStatus });
  } else if (relayed.end === 'buyer_left' && !hasContent) {
    attempt.end({ result: 'cancelled', httpStatus });
  } else {
    const isWhole = isStream && relayed.end === 'finished';
    attempt.end({ result: 'served', httpStatus, ...(isWhole && { streamedTokens: tokens }) });
  }
}

/** What to tell the buyer when nobody served. */
export function exhaustionOf(attempts: Attempts): Fault {
  const reasons = attempts.all.map(({ reason }) => reason);
  const details = { attempts: reasons.length, reasons: [...new Set(reasons)].join(', ') };
  const isAll = (failure: AttemptFailure) =>
    reasons.length > 0 && reasons.every((it) => it === failure);
  if (isAll('nothing_there')) return faults.NOTHING_THERE(details);
  if (isAll('timeout')) return faults.ATTEMPTS_TIMED_OUT(details);
  if (isAll('rate_limited') || isAll('worker_busy')) {
    return faults.ALL_BUSY({ ...details, retryAfterMs: 1_000 });
  }
  return faults.ALL_ATTEMPTS_FAILED(details);
}
