import type { Receipt, Rejection, Terms } from '@aisbf/contracts';
import { formatUsd, type Nanos } from '@aisbf/money';

/** One request as the ledger remembers it. */
export type HoldRecord = Readonly<{
  id: string;
  state: 'open' | 'settled' | 'released';
  outcome: Receipt['outcome'];
  route: string;
  isStream: boolean;
  createdAt: Date;
  resolvedAt: Date | null;
  startedAt: Date | null;
  firstByteAt: Date | null;
  endedAt: Date | null;
  servedPosition: number | null;
  promptTokens: number;
  completionTokens: number;
  reportedPromptTokens: number | null;
  reportedCompletionTokens: number | null;
  finishReason: string | null;
  amount: Nanos;
  captured: Nanos;
  terms: readonly Terms[];
  rejections: readonly Rejection[];
  attempts: readonly AttemptRecord[];
}>;

export type AttemptRecord = Readonly<{
  position: number;
  sessionId: string | null;
  startedAt: Date;
  firstByteAt: Date | null;
  endedAt: Date;
  result: string;
  reason: string | null;
  httpStatus: number | null;
}>;

/** What the request did and cost, in the buyer's words. */
export function receiptOf(hold: HoldRecord): Receipt {
  const served = hold.servedPosition === null ? undefined : hold.terms[hold.servedPosition];
  const winner = hold.attempts.find(({ result }) => result === 'served');
  return {
    id: hold.id,
    state: hold.state,
    outcome: hold.outcome,
    route: hold.route,
    isStream: hold.isStream,
    createdAt: hold.createdAt.toISOString(),
    settledAt: hold.resolvedAt?.toISOString() ?? null,
    servedBy: served
      ? {
          provider: served.providerLabel,
          model: served.model,
          sessionId: winner?.sessionId ?? null,
        }
      : null,
    units: { promptTokens: hold.promptTokens, completionTokens: hold.completionTokens },
    reported: reportedOf(hold),
    finishReason: hold.finishReason,
    prices: served ? namedPrices(served) : null,
    hold: hold.amount.toString(),
    charge: hold.captured.toString(),
    chargeUsd: formatUsd(hold.captured),
    timings: {
      firstByteMs: millisecondsBetween(hold.startedAt, hold.firstByteAt),
      totalMs: millisecondsBetween(hold.startedAt, hold.endedAt),
    },
    attempts: hold.attempts.map((attempt) => attemptOf(attempt, hold.terms[attempt.position])),
    rejections: [...hold.rejections],
  };
}

function reportedOf(hold: HoldRecord): Receipt['reported'] {
  if (hold.reportedPromptTokens === null || hold.reportedCompletionTokens === null) return null;
  return {
    promptTokens: hold.reportedPromptTokens,
    completionTokens: hold.reportedCompletionTokens,
  };
}

function namedPrices({ prices }: Terms): Record<string, string> {
  return Object.fromEntries(
    Object.entries(prices).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

function attemptOf(attempt: AttemptRecord, terms: Terms | undefined): Receipt['attempts'][number] {
  return {
    provider: terms?.providerLabel ?? '',
    model: terms?.model ?? '',
    sessionId: attempt.sessionId,
    result: attempt.result,
    reason: attempt.reason,
    httpStatus: attempt.httpStatus,
    firstByteMs: millisecondsBetween(attempt.startedAt, attempt.firstByteAt),
    totalMs: attempt.endedAt.getTime() - attempt.startedAt.getTime(),
  };
}

function millisecondsBetween(start: Date | null, end: Date | null): number | null {
  return start && end ? end.getTime() - start.getTime() : null;
}
