import type { Percentiles, Preferences, RequestFacts } from '@aisbf/contracts';
import { costOf, type Nanos } from '@aisbf/money';
import { unitsBefore } from './hold-amount.js';
import type { Offer } from './offer.js';
import { type Pace, type PaceFigures, unknownPace } from './pace.js';
import type { Surroundings, Upstream } from './upstream.js';
import { placeIn } from './wish-rejection.js';

/** How a request is weighed: what it is expected to use, and how fast each provider's model was of late. */
export type Weighing = Readonly<{
  promptTokens: number;
  units?: RequestFacts['units'];
  outputTokens: number;
  paceOf: Surroundings['paceOf'];
}>;

/**
 * Puts upstreams that are equally well in the order that the buyer wishes: named ones first in the order of
 * their names, then own ones where they go first, then those that are fast enough, then by what is sorted by.
 * Where the wishes say nothing the order stays as it was.
 */
export function inPreferredOrder(
  upstreams: readonly Upstream[],
  wishes: Preferences | undefined,
  weighing: Weighing,
): readonly Upstream[] {
  if (!wishes || upstreams.length < 2) return upstreams;
  const { sort } = wishes;
  const ranked = upstreams.map((upstream) => ({
    upstream,
    ranks: [
      placeIn(wishes.order, upstream.offer.provider),
      wishes.isOwnFirst && !upstream.offer.isOwn ? 1 : 0,
      isFastEnough(paceOf(upstream, weighing), wishes) ? 0 : 1,
    ],
    worth: sort === undefined ? 0 : worthOf(upstream, sort, weighing),
  }));
  return ranked
    .sort(
      (left, right) => compareRanks(left.ranks, right.ranks) || compare(left.worth, right.worth),
    )
    .map(({ upstream }) => upstream);
}

/** What a request would cost here, as far as that can be said before it runs. */
export function expectedCost({ prices }: Offer, weighing: Weighing): Nanos {
  const units = { ...unitsBefore(weighing), completion_token: weighing.outputTokens };
  return costOf(units, prices);
}

/** Less is better. Who has not been measured comes last: nobody knows that it is any good. */
function worthOf(
  upstream: Upstream,
  sort: NonNullable<Preferences['sort']>,
  weighing: Weighing,
): bigint | number {
  if (sort === 'price') return expectedCost(upstream.offer, weighing);
  const { firstMs, tokensPerS } = paceOf(upstream, weighing);
  if (sort === 'latency') return firstMs?.p50 ?? Number.POSITIVE_INFINITY;
  return tokensPerS ? -tokensPerS.p50 : Number.POSITIVE_INFINITY;
}

function paceOf({ offer, endpoint }: Upstream, { paceOf: find }: Weighing): Pace {
  return find(offer.provider.id, offer.model, endpoint) ?? unknownPace;
}

function isFastEnough(pace: Pace, { throughputMin, latencyMsMax }: Preferences): boolean {
  const isBelow = (measured: number, wished: number) => measured <= wished;
  const isAbove = (measured: number, wished: number) => measured >= wished;
  return (
    isWithin(pace.firstMs, latencyMsMax, isBelow) &&
    isWithin(pace.tokensPerS, throughputMin, isAbove)
  );
}

function isWithin(
  figures: PaceFigures | null,
  wished: Percentiles | undefined,
  holds: (measured: number, wished: number) => boolean,
): boolean {
  if (!wished) return true;
  if (!figures) return false;
  return (['p50', 'p75', 'p90', 'p99'] as const).every((name) => {
    const wish = wished[name];
    return wish === undefined || holds(figures[name], wish);
  });
}

function compareRanks(left: readonly number[], right: readonly number[]): number {
  for (const [at, rank] of left.entries()) {
    const difference = rank - (right[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function compare(left: bigint | number, right: bigint | number): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
