import type { AnswerEnd } from './progress.js';
import type { AttemptFailure } from './upstream-answer.js';

/**
 * Why a session has ended.
 *
 * - `buyer`: it was closed there, or the connection is gone (code 1006)
 * - `upstream`: the model has closed it in order, with no answer under way
 * - `seller`: the model has broken off, fallen silent, or said what is no event
 * - `market`: we have ended it ourselves
 */
export type SessionEnd =
  | Readonly<{ by: 'buyer'; code: number }>
  | Readonly<{ by: 'upstream'; code: number }>
  | Readonly<{ by: 'seller'; failure: AttemptFailure }>
  | Readonly<{ by: 'market'; reason: MarketReason }>;

/** `unpaid`: its money is used up. `unheld`: nobody could say whether there is more. */
export type MarketReason = 'expired' | 'idle' | 'revoked' | 'leaving' | 'unpaid' | 'unheld';

/** No status, and no close at all: these are never sent. */
const noStatus = 1005;
const noClose = 1006;

/** Whether answers under way are paid for as far as they were delivered: it was the buyer's doing that they end. */
export function isRunningPaid(end: SessionEnd): boolean {
  if (end.by === 'market') return end.reason === 'unpaid' || end.reason === 'revoked';
  return end.by === 'buyer';
}

/** How the ledger is told of it. What was finished before stays delivered, whoever ends the session. */
export function answerEndOf(
  end: SessionEnd,
  { hasContent, wasAnswering }: Readonly<{ hasContent: boolean; wasAnswering: boolean }>,
): AnswerEnd {
  if (!hasContent) return end.by === 'seller' ? 'failed' : 'buyer_left';
  return end.by === 'buyer' && (wasAnswering || end.code === noClose) ? 'buyer_left' : 'finished';
}

/** With which code the buyer's connection is closed; undefined is without one. */
export function codeForBuyer(end: SessionEnd): number | undefined {
  switch (end.by) {
    case 'buyer':
    case 'upstream':
      return sendable(end.code);
    case 'seller':
      return 1011;
    case 'market':
      if (end.reason === 'leaving') return 1001;
      return end.reason === 'unheld' ? 1013 : 1008;
    default:
      return end satisfies never;
  }
}

/** And with which the model's. */
export function codeForUpstream(end: SessionEnd): number | undefined {
  if (end.by === 'buyer') return sendable(end.code) ?? 1000;
  return end.by === 'market' && end.reason === 'leaving' ? 1001 : 1000;
}

/** How the model has closed: in order only where nobody waited for it. */
export function upstreamEnd(code: number, isAnswering: boolean): SessionEnd {
  const isOrderly = code === 1000 || code === 1001 || code === noStatus || code >= 3000;
  return isOrderly && !isAnswering ? { by: 'upstream', code } : { by: 'seller', failure: 'cut' };
}

function sendable(code: number): number | undefined {
  if (code === noStatus) return undefined;
  const isPlain = code >= 1000 && code <= 1014 && code !== 1004 && code !== noClose;
  return isPlain || (code >= 3000 && code <= 4999) ? code : 1000;
}
