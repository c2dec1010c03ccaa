import { randomUUID } from 'node:crypto';
import type { Principal } from '@aisbf/contracts';
import type { Deed, NewTerm, TermLimits, TermValue } from '../domain/term.js';

export class TermSettings {
  constructor(
    readonly feeBpsDefault: number,
    /** The highest price, in nano-dollars: prices times counts must fit the ledger. */
    readonly priceNanosMax: bigint,
    readonly limits: TermLimits,
  ) {}
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
