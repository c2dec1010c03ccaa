import type { EndpointName, Percentiles, Preferences, RequestFacts } from '@aisbf/contracts';
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

/** What decides between two, the first of these first; less is better. */
type Rank = Readonly<{
  place: number;
  foreign: number;
  slow: number;
  worth: bigint | number;
}>;

/**
 * Puts upstreams that are equally well in the order that the buyer wishes: named ones first in the order of
 * their names, then own ones where they go first, then those that are fast enough, then by what is sorted by.
 * Where the wishes say nothing the order stays as it was.
 */
export function inPreferredOrder(
  upstreams: Iterable<Upstream>,
  wishes: Preferences | undefined,
  weighingOf: (first: Upstream) => Weighing,
): Iterable<Upstream> {
  if (!wishes || !isOrderWished(wishes)) return upstreams;
  const all = [...upstreams];
  const [first] = all;
  if (!first) return all;
  const weighing = weighingOf(first);
  // All machines of an offer rank alike, as far as they are asked by the same endpoint.
  const byOffer = new Map<Offer, Readonly<{ endpoint: EndpointName; rank: Rank }>>();
  const ranked = all.map((upstream) => {
    const { offer, endpoint } = upstream;
    const known = byOffer.get(offer);
    const rank =
      known && known.endpoint === endpoint ? known.rank : rankOf(upstream, wishes, weighing);
    byOffer.set(offer, { endpoint, rank });
    return { upstream, rank };
  });
  return ranked
    .sort((left, right) => compareRanks(left.rank, right.rank))
    .map(({ upstream }) => upstream);
}

function isOrderWished({ order, isOwnFirst, throughputMin, latencyMsMax, sort }: Preferences) {
  return [order, throughputMin, latencyMsMax, sort].some(Boolean) || isOwnFirst === true;
}

/** What of an upstream decides. */
type Ranked = Pick<Upstream, 'offer' | 'endpoint'>;

function rankOf(ranked: Ranked, wishes: Preferences, weighing: Weighing): Rank {
  const { order, isOwnFirst, sort } = wishes;
  const { offer } = ranked;
  return {
    place: placeIn(order, offer.provider),
    foreign: isOwnFirst && !offer.isOwn ? 1 : 0,
    slow: isFastEnough(() => paceOf(ranked, weighing), wishes) ? 0 : 1,
    worth: sort === undefined ? 0 : worthOf(ranked, sort, weighing),
  };
}

/** What a request would cost here, as far as that can be said before it runs. */
export function expectedCost({ prices }: Offer, weighing: Weighing): Nanos {
  const units = { ...unitsBefore(weighing), completion_token: weighing.outputTokens };
  return costOf(units, prices);
}

/** Less is better. Who has not been measured comes last: nobody knows that it is any good. */
function worthOf(
  ranked: Ranked,
  sort: NonNullable<Preferences['sort']>,
  weighing: Weighing,
): bigint | number {
  if (sort === 'price') return expectedCost(ranked.offer, weighing);
  const { firstMs, tokensPerS } = paceOf(ranked, weighing);
  if (sort === 'latency') return firstMs?.p50 ?? Number.POSITIVE_INFINITY;
  return tokensPerS ? -tokensPerS.p50 : Number.POSITIVE_INFINITY;
}

function paceOf({ offer, endpoint }: Ranked, { paceOf: find }: Weighing): Pace {
  return find(offer.provider.id, offer.model, endpoint) ?? unknownPace;
}

function isFastEnough(paceNow: () => Pace, { throughputMin, latencyMsMax }: Preferences): boolean {
  if (!throughputMin && !latencyMsMax) return true;
  const pace = paceNow();
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

function compareRanks(left: Rank, right: Rank): number {
  return (
    left.place - right.place ||
    left.foreign - right.foreign ||
    left.slow - right.slow ||
    compare(left.worth, right.worth)
  );
}

function compare(left: bigint | number, right: bigint | number): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
