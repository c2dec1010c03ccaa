import type { Cooldown } from './health.js';

export type OutlierSettings = Readonly<{
  /** With fewer ends known of an upstream nothing is said of its rate. */
  endsMin: number;
  /** How far below the rate of the others, of 1. */
  shortfall: number;
  /** How much of a pool may be out at once, whoever else fails. */
  shareMax: number;
  /** How long after its latest end one that is out is asked last. */
  outMs: number;
}>;

type Judged = Readonly<{ coolUntilMs: number }>;

/**
 * Who of those that can serve the same request fails so much more often than the others that it is asked last for a
 * while: it fails between successes, so that no cooldown lasts. Gives until when. Never so many that too few are left: where
 * all fail, the fault is hardly theirs. Of the rest of the pool nothing is remembered, so that they are only counted.
 */
export function outliersOf<Item extends Judged>(
  remembered: readonly Item[],
  cooldownOf: (item: Item) => Cooldown | undefined,
  settings: OutlierSettings,
  { nowMs, restCount = 0 }: Readonly<{ nowMs: number; restCount?: number }>,
): ReadonlyMap<Item, number> {
  const poolSize = remembered.length + restCount;
  const rated = remembered.map((item) => rate(item, cooldownOf(item), settings));
  const suspects = rated.filter(({ item, untilMs }) => item.coolUntilMs === 0 && untilMs > nowMs);
  if (suspects.length === 0 || poolSize < 2) return new Map();
  const sum = rated.reduce((all, { rate }) => all + rate, restCount);
  const isFarBelow = ({ rate }: Readonly<{ rate: number }>) =>
    rate < (sum - rate) / (poolSize - 1) - settings.shortfall;
  const isOut = remembered.filter(({ coolUntilMs }) => coolUntilMs > 0).length;
  const room = Math.max(0, Math.floor(poolSize * settings.shareMax) - isOut);
  const worst = suspects.filter(isFarBelow).sort((left, right) => left.rate - right.rate);
  return new Map(worst.slice(0, room).map(({ item, untilMs }) => [item, untilMs]));
}

/** What is not known of an upstream counts as well: one that never failed is not remembered at all. */
function rate<Item>(
  item: Item,
  known: Cooldown | undefined,
  { endsMin, outMs }: OutlierSettings,
): Readonly<{ item: Item; rate: number; untilMs: number }> {
  const ends = known?.recent ?? [];
  if (!known || ends.length < endsMin) return { item, rate: 1, untilMs: 0 };
  const rate = ends.filter(Boolean).length / ends.length;
  return { item, rate, untilMs: known.lastEndAtMs + outMs };
}
