import type { RequestFacts } from '@aisbf/contracts';
import { costOf, dearestPrices, type Prices, parseNanos, priceOf, unitKinds } from '@aisbf/money';

export type PriceLimit = Pick<RequestFacts, 'pricesMax' | 'costMax' | 'promptTokens'>;

/** Whether the buyer would rather have nothing than this: a unit costs too much, or the first word would. */
export function isTooDear(prices: Prices, limit: PriceLimit): boolean {
  const { pricesMax, costMax, promptTokens } = limit;
  const dearest = dearestPrices(prices);
  const isUnitTooDear = unitKinds.some((kind) => {
    const most = pricesMax?.[kind];
    return most !== undefined && priceOf(kind, dearest) > parseNanos(most);
  });
  if (isUnitTooDear || costMax === undefined) return isUnitTooDear;
  const least = { prompt_token: promptTokens, completion_token: 1, request: 1 };
  return costOf(least, dearest) > parseNanos(costMax);
}
