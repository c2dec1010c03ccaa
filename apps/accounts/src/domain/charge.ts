import type { Outcome, Terms } from '@aisbf/contracts';
import { costOf, type Nanos, parseNanos, splitFee, zeroNanos } from '@aisbf/money';

/** What was fixed when the money was set aside. */
export type HeldTerms = Readonly<{ ownerId: string; amount: Nanos; terms: readonly Terms[] }>;

/** What was delivered, by our own counts. */
export type Delivery = Readonly<{
  outcome: Outcome;
  servedPosition: number | null;
  promptTokens: number;
  completionTokens: number;
  finishReason: string | null;
}>;

export type Charge = Readonly<{
  outcome: Outcome;
  served: Terms | undefined;
  amount: Nanos;
  fee: Nanos;
  /** What the delivery cost above the hold: our loss, and an alarm. */
  overrun: Nanos;
}>;

/** An end that the buyer pays for. */
function isPayable(outcome: Outcome): boolean {
  return outcome === 'completed' || outcome === 'buyer_left';
}

/** An answer without a word, and without an honest reason to be empty, is a failure of the seller. */
function honestOutcome(delivery: Delivery): Outcome {
  const isEmpty = delivery.completionTokens === 0;
  const isExcused = delivery.finishReason !== null && delivery.finishReason !== 'error';
  return delivery.outcome === 'completed' && isEmpty && !isExcused
    ? 'seller_failed'
    : delivery.outcome;
}

/**
 * Who pays what for a request that has ended. Never more than was held; nothing when the seller failed;
 * nothing for one's own capacity. Undefined where the delivery names a candidate that the hold never had.
 */
export function chargeFor(hold: HeldTerms, delivery: Delivery): Charge | undefined {
  const outcome = honestOutcome(delivery);
  const served = delivery.servedPosition === null ? undefined : hold.terms[delivery.servedPosition];
  if (served === undefined && (delivery.servedPosition !== null || isPayable(outcome)))
    return undefined;

  const free: Charge = { outcome, served, amount: zeroNanos, fee: zeroNanos, overrun: zeroNanos };
  if (served === undefined || !isPayable(outcome) || served.sellerOwnerId === hold.ownerId)
    return free;

  const cost = costOf(
    {
      prompt_token: delivery.promptTokens,
      completion_token: delivery.completionTokens,
      request: 1,
    },
    pricesOf(served),
  );
  const amount = cost < hold.amount ? cost : hold.amount;
  const { fee } = splitFee(amount, served.feeBps);
  return { outcome, served, amount, fee, overrun: (cost - amount) as Nanos };
}

function pricesOf({ prices }: Terms) {
  return {
    prompt_token: parseNanos(prices.prompt_token ?? '0'),
    completion_token: parseNanos(prices.completion_token ?? '0'),
    request: parseNanos(prices.request ?? '0'),
  };
}
