import { type Prices, unitKinds } from '@aisbf/money';
import { faults } from './faults.js';
import { aheadOf, inForceAt, type Schedule } from './schedule.js';

/** What has a schedule: a listing's prices, its fee, and the fee of all that one seller sells. */
export type TermKind = 'listing_prices' | 'listing_fee' | 'seller_fee';

export type TermSubject = Readonly<{
  kind: TermKind;
  /** The listing's, or the seller's. */
  id: string;
  /** As people know it at the time: what is gone is found in the history by it. */
  name: string;
}>;

/** Basis points; null is none of its own, so that the next rule decides. */
export type OwnFee = number | null;
export type TermValue = Prices | OwnFee;

export type TermLimits = Readonly<{
  /** How many changes of one subject may lie ahead. */
  aheadMax: number;
  /** How far ahead one may lie. */
  horizonMs: number;
}>;

/** Who does something, and when by this replica's clock. */
export type Deed = Readonly<{ ownerId: string; username: string; nowMs: number }>;

/** What is to hold, and from when; null is at once. */
export type NewTerm = Readonly<{
  id: string;
  value: TermValue;
  validFromMs: number | null;
  by: Deed;
  limits: TermLimits;
}>;

/** When it is set, when it begins, and the ids of those that it takes the place of. */
export type Placement = Readonly<{
  setAtMs: number;
  validFromMs: number;
  replaces: readonly string[];
}>;

/**
 * Finds a new term's place in the schedule, as far as that is known from the one in force on. Undefined where
 * nothing would be different.
 *
 * What is set never begins before what was set earlier: of two changes at once, through replicas whose clocks differ,
 * the second holds. One that is to begin at the same moment as another that has not begun takes its place.
 */
export function placeTerm(
  { value, validFromMs: wanted, by, limits }: NewTerm,
  schedule: Schedule<TermValue>,
): Placement | undefined {
  const setAtMs = Math.max(by.nowMs, ...schedule.map((change) => change.setAtMs));
  const validFromMs = wanted ?? setAtMs;
  const ahead = aheadOf(schedule, setAtMs);
  const same = ahead.filter((change) => change.validFromMs === validFromMs);
  const present =
    wanted === null ? (inForceAt(schedule, setAtMs)?.value ?? null) : same.at(-1)?.value;
  if (present !== undefined && isSameTerm(present, value)) return undefined;
  if (validFromMs < setAtMs) throw faults.VALID_FROM_PASSED();
  if (validFromMs > setAtMs + limits.horizonMs) {
    throw faults.VALID_FROM_TOO_FAR({ horizonMs: limits.horizonMs });
  }
  const others = ahead.length - same.length;
  if (validFromMs > setAtMs && others >= limits.aheadMax) {
    throw faults.CHANGES_AHEAD_TOO_MANY({ aheadMax: limits.aheadMax });
  }
  return { setAtMs, validFromMs, replaces: same.map(({ id }) => id) };
}

/** Whether nobody could tell the one from the other. */
export function isSameTerm(one: TermValue, other: TermValue): boolean {
  if (!isPrices(one) || !isPrices(other)) return one === other;
  return unitKinds.every((kind) => one[kind] === other[kind]);
}

export function isPrices(value: TermValue): value is Prices {
  return typeof value === 'object' && value !== null;
}
