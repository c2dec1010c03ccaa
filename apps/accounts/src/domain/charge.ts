import type { Outcome, Terms, Units } from '@aisbf/contracts';
import { costOf, dearestPrices, type Nanos, parseNanos, unitKinds, zeroNanos } from '@aisbf/money';

/** What was fixed when the money was set aside. */
export type HeldTerms = Readonly<{ ownerId: string; terms: readonly Terms[] }>;

/** What was delivered, by our own counts. */
export type Delivery = Readonly<{
  outcome: Outcome;
  servedPosition: number | null;
  units: Units;
  finishReason: string | null;
}>;

/** What a request costs. The ledger charges it as far as it was held, and takes the fee of that. */
export type Charge = Readonly<{
  outcome: Outcome;
  served: Terms | undefined;
  cost: Nanos;
  feeBps: number;
}>;

/** An end that the buyer pays for. */
function isPayable(outcome: Outcome): boolean {
  return outcome === 'completed' || outcome === 'buyer_left';
}

/** An answer without a word, and without an honest reason to be empty, is a failure of the seller. */
function honestOutcome({ outcome, units, finishReason }: Delivery): Outcome {
  const { prompt_token: _prompt, cached_prompt_token: _cached, request: _request, ...made } = units;
  const isEmpty = Object.values(made).every((count) => (count ?? 0) === 0);
  const isExcused = finishReason !== null && finishReason !== 'error';
  return outcome === 'completed' && isEmpty && !isExcused ? 'seller_failed' : outcome;
}

/**
 * Who pays what for a request that has ended: nothing when the seller failed, nothing for one's own capacity.
 * Undefined where the delivery names a candidate that the hold never had.
 */
export function chargeFor(hold: HeldTerms, delivery: Delivery): Charge | undefined {
  const outcome = honestOutcome(delivery);
  const served = delivery.servedPosition === null ? undefined : hold.terms[delivery.servedPosition];
  if (served === undefined && (delivery.servedPosition !== null || isPayable(outcome)))
    return undefined;
  if (served === undefined || !isPayable(outcome) || served.sellerOwnerId === hold.ownerId)
    return { outcome, served, cost: zeroNanos, feeBps: 0 };
  return {
    outcome,
    served,
    cost: costOf({ ...delivery.units, request: 1 }, pricesOf(served)),
    feeBps: served.feeBps,
  };
}

/**
 * What must be held so that this candidate can deliver so much, whichever kind of token it turns out to be.
 * Undefined where the hold never had that candidate.
 */
export function ceilingFor(hold: HeldTerms, position: number, units: Units): Nanos | undefined {
  const terms = hold.terms[position];
  if (!terms) return undefined;
  if (terms.sellerOwnerId === hold.ownerId) return zeroNanos;
  return costOf({ ...units, request: 1 }, dearestPrices(pricesOf(terms)));
}

function pricesOf({ prices }: Terms) {
  return Object.fromEntries(
    unitKinds.flatMap((kind) => {
      const price = prices[kind];
      return price === undefined ? [] : [[kind, parseNanos(price)] as const];
    }),
  );
}
