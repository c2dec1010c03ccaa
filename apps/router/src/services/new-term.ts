import { randomUUID } from 'node:crypto';
import type { Prices as PricesText, Principal } from '@aisbf/contracts';
import { nanos, type Prices } from '@aisbf/money';
import { faults } from '../domain/faults.js';
import { fromPricesText } from '../domain/prices-text.js';
import type { Deed, NewTerm, TermLimits, TermValue } from '../domain/term.js';

export class TermSettings {
  constructor(
    readonly feeBpsDefault: number,
    /** The highest price, in nano-dollars: prices times counts must fit the ledger. */
    readonly priceNanosMax: bigint,
    readonly limits: TermLimits,
  ) {}
}

/** Prices as somebody has written them, where none is higher than this installation allows. */
export function acceptablePrices(text: PricesText, { priceNanosMax }: TermSettings): Prices {
  const isTooHigh = Object.values(text).some((price = '0') => BigInt(price) > priceNanosMax);
  if (isTooHigh) throw faults.PRICE_TOO_HIGH({ priceMax: nanos(priceNanosMax).toString() });
  return fromPricesText(text);
}

/** Who sets or withdraws something, and when. */
export function deedBy({ ownerId, username }: Principal, nowMs: number): Deed {
  return { ownerId, username, nowMs };
}

type Wish = Readonly<{ value: TermValue; validFrom: string | undefined; by: Deed }>;

/** What is to hold from a moment on, or at once where none is named. */
export function newTerm({ value, validFrom, by }: Wish, { limits }: TermSettings): NewTerm {
  const validFromMs = validFrom === undefined ? null : Date.parse(validFrom);
  return { id: randomUUID(), value, validFromMs, by, limits };
}
