import type { RequestFacts } from '@aisbf/contracts';
import {
  costOf,
  dearestPrices,
  type Nanos,
  type Prices,
  parseNanos,
  type UnitKind,
  type Units,
  unitKinds,
} from '@aisbf/money';
import { unitsBefore } from './hold-amount.js';

export type PriceLimit = Pick<RequestFacts, 'pricesMax' | 'costMax' | 'promptTokens' | 'units'>;

/** The same, read. */
type ReadLimit = Readonly<{
  pricesMax: readonly (readonly [UnitKind, Nanos])[];
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
  const dearest = dearestPrices(prices);
  if (pricesMax.some(([kind, most]) => (dearest[kind] ?? 0n) > most)) return true;
  return costMax !== undefined && costOf(least, dearest) > costMax;
}

function read(limit: PriceLimit): ReadLimit {
  const { pricesMax, costMax } = limit;
  const made: ReadLimit = {
    pricesMax: unitKinds.flatMap((kind) => {
      const most = pricesMax?.[kind];
      return most === undefined ? [] : [[kind, parseNanos(most)] as const];
    }),
    costMax: costMax === undefined ? undefined : parseNanos(costMax),
    least: { ...unitsBefore(limit), completion_token: 1 },
  };
  readLimits.set(limit, made);
  return made;
}
