import type { RequestFacts } from '@aisbf/contracts';
import {
  type Counts,
  costOfCounts,
  countsOf,
  dearestPrices,
  type Nanos,
  type Prices,
  parseNanos,
  priceOf,
  type UnitKind,
  unitKinds,
} from '@aisbf/money';
import { unitsBefore } from './hold-amount.js';
import { fromPricesText } from './prices-text.js';

export type PriceLimit = Pick<RequestFacts, 'pricesMax' | 'costMax' | 'promptTokens' | 'units'>;

/** Which kinds of units have a ceiling, and how much that is. */
type Ceilings = readonly Readonly<{ kind: UnitKind; most: Nanos }>[];

/** The same, read. */
type ReadLimit = Readonly<{
  ceilings: Ceilings;
  costMax: Nanos | undefined;
  /** What the first word of an answer takes. */
  least: Counts;
}>;

/** A request's limits are read once, and not for each of those that it might ask. */
const readLimits = new WeakMap<PriceLimit, ReadLimit>();

/** Whether the buyer would rather have nothing than this: a unit costs too much, or the first word would. */
export function isTooDear(prices: Prices, limit: PriceLimit): boolean {
  if (!limit.pricesMax && limit.costMax === undefined) return false;
  const { ceilings, costMax, least } = readLimits.get(limit) ?? read(limit);
  if (isAbove(prices, ceilings)) return true;
  return costMax !== undefined && costOfCounts(least, dearestPrices(prices)) > costMax;
}

function read(limit: PriceLimit): ReadLimit {
  const { pricesMax, costMax } = limit;
  const made: ReadLimit = {
    ceilings: pricesMax ? readCeilings(fromPricesText(pricesMax)) : [],
    costMax: costMax === undefined ? undefined : parseNanos(costMax),
    least: countsOf({ ...unitsBefore(limit), completion_token: 1 }),
  };
  readLimits.set(limit, made);
  return made;
}

/** Whether any unit may cost more than its ceiling; what has none may cost anything. */
export function exceeds(prices: Prices, ceilings: Prices): boolean {
  return isAbove(prices, readCeilings(ceilings));
}

function readCeilings(prices: Prices): Ceilings {
  return unitKinds.flatMap((kind) => {
    const most = prices[kind];
    return most === undefined ? [] : [{ kind, most }];
  });
}

function isAbove(prices: Prices, ceilings: Ceilings): boolean {
  const dearest = dearestPrices(prices);
  for (const { kind, most } of ceilings) {
    // What has no price of its own may cost what another unit does.
    if ((dearest[kind] ?? priceOf(kind, prices)) > most) return true;
  }
  return false;
}
