import type {
  Attempt,
  Receipt,
  Rejection,
  ReportedUsage,
  SelectionRecord,
  Terms,
  Units,
} from '@aisbf/contracts';
import { formatUsd, type Nanos } from '@aisbf/money';

/** One request as the ledger remembers it, from its hold while it runs, from its receipt when it has ended. */
export type ReceiptRecord = Readonly<{
  id: string;
  /** The batch that it was a line of; in lists it is not looked for. */
  batchId?: string | null;
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
  units: Units;
  /** Where the service itself has failed: all that had been delivered. */
  delivered: Units | null;
  reported: ReportedUsage | null;
  finishReason: string | null;
  amount: Nanos;
  captured: Nanos;
  refunded: Nanos;
  terms: readonly Terms[];
  rejections: readonly Rejection[];
  attempts: readonly Attempt[];
  /** What autoselects have decided; absent where none was asked, and in lists. */
  selections?: readonly SelectionRecord[] | undefined;
}>;

/** What the request did and cost, in the buyer's words. */
export function receiptOf(record: ReceiptRecord): Receipt {
  const served = record.servedPosition === null ? undefined : record.terms[record.servedPosition];
  const winner = record.attempts.find(({ result }) => result === 'served');
  return {
    id: record.id,
    ...(record.batchId && { batchId: record.batchId }),
    state: record.state,
    outcome: record.outcome,
    route: record.route,
    isStream: record.isStream,
    createdAt: record.createdAt.toISOString(),
    settledAt: record.resolvedAt?.toISOString() ?? null,
    servedBy: served
      ? {
          provider: served.providerLabel,
          model: served.model,
          sessionId: winner?.sessionId ?? null,
        }
      : null,
    units: record.units,
    ...(record.delivered && { delivered: record.delivered }),
    reported: record.reported,
    finishReason: record.finishReason,
    prices: served?.prices ?? null,
    hold: record.amount.toString(),
    charge: record.captured.toString(),
    chargeUsd: formatUsd(record.captured),
    refunded: record.refunded.toString(),
    timings: {
      firstByteMs: millisecondsBetween(record.startedAt, record.firstByteAt),
      totalMs: millisecondsBetween(record.startedAt, record.endedAt),
    },
    attempts: record.attempts.map((attempt) => attemptOf(attempt, record.terms[attempt.position])),
    candidates: record.terms.map(({ providerLabel, model, prices }) => ({
      provider: providerLabel,
      model,
      prices,
    })),
    rejections: [...record.rejections],
    ...(record.selections && { selections: [...record.selections] }),
  };
}

function attemptOf(attempt: Attempt, terms: Terms | undefined): Receipt['attempts'][number] {
  const { startedAtMs, firstByteAtMs, endedAtMs } = attempt;
  return {
    provider: terms?.providerLabel ?? '',
    model: terms?.model ?? '',
    sessionId: attempt.sessionId,
    result: attempt.result,
    reason: attempt.reason,
    httpStatus: attempt.httpStatus,
    firstByteMs: firstByteAtMs === null ? null : firstByteAtMs - startedAtMs,
    totalMs: endedAtMs - startedAtMs,
  };
}

function millisecondsBetween(start: Date | null, end: Date | null): number | null {
  return start && end ? end.getTime() - start.getTime() : null;
}
