import type { Attempt, Outcome, Plan, Settle, Units } from '@aisbf/contracts';
import type { Usage } from '@aisbf/openai';

/** What one request has come to, when it ends. */
export type Ending = Readonly<{
  outcome: Outcome;
  servedPosition: number | null;
  units: Units;
  reported: Usage | null;
  finishReason: string | null;
  attempts: readonly Attempt[];
  startedAtMs: number;
  firstByteAtMs: number | null;
  endedAtMs: number;
}>;

/** The report that accounts turn into a charge. */
export function settlementOf(plan: Plan, ending: Ending): Settle {
  return {
    type: 'settle',
    requestId: plan.requestId,
    holdEpoch: plan.holdEpoch,
    ticket: plan.ticket,
    ...ending,
    attempts: [...ending.attempts],
  };
}

/** How an answer ended, before it is said who pays. */
export type AnswerEnd = 'finished' | 'buyer_left' | 'failed';

/**
 * The outcome that money follows. A buyer who leaves before anything was delivered owes nothing, and an
 * answer without a word and without an honest reason is the seller's failure.
 */
export function outcomeOf(
  end: AnswerEnd,
  delivered: Readonly<{ hasContent: boolean; finishReason: string | null }>,
): Outcome {
  const isEmpty = !delivered.hasContent;
  if (end === 'failed') return 'seller_failed';
  if (end === 'buyer_left') return isEmpty ? 'not_served' : 'buyer_left';
  const isExcused = delivered.finishReason !== null && delivered.finishReason !== 'error';
  return isEmpty && !isExcused ? 'seller_failed' : 'completed';
}
