import type { RequestFacts } from '@aisbf/contracts';
import { costOf, dearestPrices, type Prices, parseNanos, unitKinds } from '@aisbf/money';
import { unitsBefore } from './hold-amount.js';

export type PriceLimit = Pick<RequestFacts, 'pricesMax' | 'costMax' | 'promptTokens' | 'units'>;

/** Whether the buyer would rather have nothing than this: a unit costs too much, or the first word would. */
export function isTooDear(prices: Prices, limit: PriceLimit): boolean {
  const { pricesMax, costMax } = limit;
  const dearest = dearestPrices(prices);
  const isUnitTooDear = unitKinds.some((kind) => {
    const most = pricesMax?.[kind];
    return most !== undefined && (dearest[kind] ?? 0n) > parseNanos(most);
  });
  if (isUnitTooDear || costMax === undefined) return isUnitTooDear;
  const least = { ...unitsBefore(limit), completion_token: 1 };
  return costOf(least, dearest) > parseNanos(costMax);
}
