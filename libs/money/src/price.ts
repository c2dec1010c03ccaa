import { type Nanos, nanos, zeroNanos } from './nanos.js';

/** What can be counted and sold. */
export const unitKinds = [
  'prompt_token',
  'cached_prompt_token',
  'completion_token',
  'reasoning_token',
  'image',
  'audio_second',
  'video_second',
  'request',
] as const;
export type UnitKind = (typeof unitKinds)[number];

/** What is counted here is a millionth of a nano-dollar. */
const scale = 1_000_000n;

/** Token prices are per million tokens; every other unit is priced by the piece. In the scale, for each unit of a price. */
const scaledPerPrice = {
  prompt_token: 1n,
  cached_prompt_token: 1n,
  completion_token: 1n,
  reasoning_token: 1n,
  image: scale,
  audio_second: scale,
  video_second: scale,
  request: scale,
} as const satisfies Record<UnitKind, bigint>;

/** So many percent of all prices, each rounded down: nobody pays more than the share. */
export function shareOf(prices: Prices, percent: number): Prices {
  const share = BigInt(percent);
  return Object.fromEntries(
    unitKinds.flatMap((kind) => {
      const price = prices[kind];
      return price === undefined ? [] : [[kind, nanos((price * share) / 100n)]];
    }),
  );
}

/** What a unit is charged as where it has no price of its own. */
const chargedAs: Readonly<Partial<Record<UnitKind, UnitKind>>> = {
  cached_prompt_token: 'prompt_token',
  reasoning_token: 'completion_token',
};

export type Prices = Readonly<Partial<Record<UnitKind, Nanos>>>;
export type Units = Readonly<Partial<Record<UnitKind, number | undefined>>>;

/** Counts of units, as they are charged: read once where many prices are asked what they come to. */
export type Counts = readonly Readonly<{
  kind: UnitKind;
  /** So much of it that a price makes millionths of a nano-dollar of it. */
  scaled: bigint;
}>[];

/** A count that is not a whole number of zero or more is a bug: counts are made by us and are checked long before money is near. */
export function countsOf(units: Units): Counts {
  const counts: Counts[number][] = [];
  for (const kind of unitKinds) {
    const count = units[kind] ?? 0;
    if (count === 0) continue;
    if (!Number.isSafeInteger(count) || count < 0) throw new RangeError(`not a count: ${count}`);
    counts.push({ kind, scaled: BigInt(count) * scaledPerPrice[kind] });
  }
  return counts;
}

/** What the units cost: the sum over all kinds, rounded up once. */
export function costOf(units: Units, prices: Prices): Nanos {
  return costOfCounts(countsOf(units), prices);
}

/** The same of units that were read before. */
export function costOfCounts(counts: Counts, prices: Prices): Nanos {
  return nanos((scaledCostOf(counts, prices) + scale - 1n) / scale);
}

/**
 * How many more units of a kind an amount pays for beside these: the most that `costOf` makes no dearer than it.
 * Undefined where they cost nothing, so that no number of them uses it up.
 */
export function countWithin(
  amount: Nanos,
  kind: UnitKind,
  units: Units,
  prices: Prices,
): bigint | undefined {
  const each = priceOf(kind, prices) * scaledPerPrice[kind];
  if (each === 0n) return undefined;
  const left = amount * scale - scaledCostOf(countsOf(units), prices);
  return left < 0n ? 0n : left / each;
}

/** In millionths of a nano-dollar, before anything is rounded. */
function scaledCostOf(counts: Counts, prices: Prices): bigint {
  let cost = 0n;
  for (const { kind, scaled } of counts) {
    const price = priceOf(kind, prices);
    if (price !== 0n) cost += scaled * price;
  }
  return cost;
}

/** The price of a kind of unit: its own, or that of the kind that it is one of; nothing where neither is named. */
export function priceOf(kind: UnitKind, prices: Prices): Nanos {
  const other = chargedAs[kind];
  return prices[kind] ?? (other && prices[other]) ?? zeroNanos;
}

/** Prices are kept for long, and asked about by every request. */
const dearest = new WeakMap<Prices, Prices>();

/** Whether tokens turn out to be cached, or thought, is known afterwards: each at the dearer of its two prices. */
export function dearestPrices(prices: Prices): Prices {
  const known = dearest.get(prices);
  if (known) return known;
  const most = (one: UnitKind, other: UnitKind): Nanos => {
    const [left, right] = [priceOf(one, prices), priceOf(other, prices)];
    return left > right ? left : right;
  };
  const found = {
    ...prices,
    prompt_token: most('prompt_token', 'cached_prompt_token'),
    completion_token: most('completion_token', 'reasoning_token'),
  };
  dearest.set(prices, found);
  return found;
}

/** One basis point is a hundredth of a percent. */
export const basisPointsMax = 10_000;

/** Splits a charge into the platform's fee (rounded down) and the seller's rest, so that both add up. */
export function splitFee(charge: Nanos, feeBps: number): Readonly<{ fee: Nanos; seller: Nanos }> {
  if (!Number.isInteger(feeBps) || feeBps < 0 || feeBps > basisPointsMax) {
    throw new RangeError(`not a fee in basis points: ${feeBps}`);
  }
  const fee = nanos((charge * BigInt(feeBps)) / BigInt(basisPointsMax));
  return { fee, seller: nanos(charge - fee) };
}
