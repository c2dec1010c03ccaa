import type { RequestFacts } from '@aisbf/contracts';
import { costOf, dearestPrices, type Prices, parseNanos, priceOf, unitKinds } from '@aisbf/money';
import { unitsBefore } from './hold-amount.js';
import { fromPricesText } from './prices-text.js';

export type PriceLimit = Pick<RequestFacts, 'pricesMax' | 'costMax' | 'promptTokens' | 'units'>;

/** Whether the buyer would rather have nothing than this: a unit costs too much, or the first word would. */
export function isTooDear(prices: Prices, limit: PriceLimit): boolean {
  const { pricesMax, costMax } = limit;
  const isUnitTooDear = pricesMax !== undefined && exceeds(prices, fromPricesText(pricesMax));
  if (isUnitTooDear || costMax === undefined) return isUnitTooDear;
  const least = { ...unitsBefore(limit), completion_token: 1 };
  return costOf(least, dearestPrices(prices)) > parseNanos(costMax);
}

/** Whether any unit may cost more than its ceiling; what has none may cost anything. */
export function exceeds(prices: Prices, ceilings: Prices): boolean {
  const dearest = dearestPrices(prices);
  return unitKinds.some((kind) => {
    const most = ceilings[kind];
    // What has no price of its own may cost what another unit does.
    return most !== undefined && (dearest[kind] ?? priceOf(kind, prices)) > most;
  });
}
