import type { RequestFacts } from '@aisbf/contracts';
import {
  costOf,
  dearestPrices,
  type Nanos,
  type Prices,
  parseNanos,
  priceOf,
  type Units,
  unitKinds,
} from '@aisbf/money';
import { unitsBefore } from './hold-amount.js';
import { fromPricesText } from './prices-text.js';

export type PriceLimit = Pick<RequestFacts, 'pricesMax' | 'costMax' | 'promptTokens' | 'units'>;

/** The same, read. */
type ReadLimit = Readonly<{
  pricesMax: Prices | undefined;
  costMax: Nanos | undefined;
  /** What the first word of an answer takes. */
  least: Units;
}>;

/** A request's limits are read once, and not for each of those that it might ask. */
const readLimits = new WeakMap<PriceLimit, ReadLimit>();

/** Whether the buyer would rather have nothing than this: a unit costs too much, or the first word would. */
export function isTooDear(prices: Prices, limit: PriceLimit): boolean {
  if (!limit.pricesMax && limit.costMax === undefined) return false;
  const { pricesMax, costMax, least } = readLimits.get(limit) ?? read(limit);
  if (pricesMax && exceeds(prices, pricesMax)) return true;
  return costMax !== undefined && costOf(least, dearestPrices(prices)) > costMax;
}

function read(limit: PriceLimit): ReadLimit {
  const { pricesMax, costMax } = limit;
  const made: ReadLimit = {
    pricesMax: pricesMax && fromPricesText(pricesMax),
    costMax: costMax === undefined ? undefined : parseNanos(costMax),
    least: { ...unitsBefore(limit), completion_token: 1 },
  };
  readLimits.set(limit, made);
  return made;
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
