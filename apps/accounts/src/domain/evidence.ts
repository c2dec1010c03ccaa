import type { Progress, Units } from '@aisbf/contracts';
import type { Nanos } from '@aisbf/money';
import { chargeFor, type HeldTerms } from './charge.js';

/** What a checkpoint says in money: what the ledger settles by where nobody reports the end. */
export type Evidence = Readonly<{
  ordinal: number;
  servedPosition: number;
  /** What the buyer is charged for; empty where nothing is finished. */
  finished: Units;
  finishedCost: Nanos;
  /** What the seller is paid for. */
  delivered: Units;
  deliveredCost: Nanos;
  feeBps: number;
}>;

/**
 * By what was fixed when the money was set aside. Undefined where it is evidence of nothing: nothing was delivered, more was
 * finished than that, or the hold never had that candidate.
 */
export function evidenceOf(
  hold: HeldTerms,
  servedPosition: number,
  { ordinal, finished, delivered }: Progress,
): Evidence | undefined {
  const [part, all] = [finished, delivered].map((units) =>
    chargeFor(hold, { outcome: 'completed', servedPosition, units, finishReason: null }),
  );
  if (!part || !all || all.outcome !== 'completed' || part.cost > all.cost) return undefined;
  const isSomethingFinished = part.outcome === 'completed';
  return {
    ordinal,
    servedPosition,
    finished: isSomethingFinished ? { ...finished, request: 1 } : {},
    finishedCost: part.cost,
    delivered: { ...delivered, request: 1 },
    deliveredCost: all.cost,
    feeBps: all.feeBps,
  };
}
