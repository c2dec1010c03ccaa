import type { EndpointName, Percentiles, Preferences, RequestFacts } from '@aisbf/contracts';
import { costOfCounts, countsOf, type Nanos } from '@aisbf/money';
import { unitsBefore } from './hold-amount.js';
import { oneAfterOther } from './line.js';
import type { Offer } from './offer.js';
import { type Pace, type PaceFigures, unknownPace } from './pace.js';
import { RankedLine } from './ranked-line.js';
import type { Surroundings, Upstream } from './upstream.js';
import { placeIn } from './wish-rejection.js';

/** How a request is weighed: what it is expected to use, and how fast each provider's model was of late. */
export type Weighing = Readonly<{
  promptTokens: number;
  units?: RequestFacts['units'];
  outputTokens: number;
  paceOf: Surroundings['paceOf'];
}>;

/** What decides between two; less is better. */
type Rank = Readonly<{
  endpoint: EndpointName;
  /** What comes before anything is sorted by. */
  group: number;
  worth: number;
}>;

/**
 * Puts upstreams that are equally well in the order that the buyer wishes: named ones first in the order of
 * their names, then own ones where they go first, then those that are fast enough, then by what is sorted by.
 * Where the wishes say nothing the order stays as it was. Sorted only as far as somebody looks.
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
  const groups = groupsOf(all, wishes, weighingOf(first));
  const inOrder = [...groups].sort(([left], [right]) => left - right);
  return oneAfterOther(
    ...inOrder.map(([, { members, worths }]) => new RankedLine(members, worths)),
  );
}

/** Those of one group, and by their places what each of them is worth. */
type Group = Readonly<{ members: Upstream[]; worths: number[] }>;

function groupsOf(
  upstreams: readonly Upstream[],
  wishes: Preferences,
  weighing: Weighing,
): ReadonlyMap<number, Group> {
  const groups = new Map<number, Group>();
  const rankOf = rankBy(wishes, weighing);
  for (const upstream of upstreams) {
    const { group, worth } = rankOf(upstream);
    const known = groups.get(group) ?? { members: [], worths: [] };
    if (known.members.length === 0) groups.set(group, known);
    known.members.push(upstream);
    known.worths.push(worth);
  }
  return groups;
}

function isOrderWished({ order, isOwnFirst, throughputMin, latencyMsMax, sort }: Preferences) {
  return [order, throughputMin, latencyMsMax, sort].some(Boolean) || isOwnFirst === true;
}

/** What of an upstream decides. */
type Ranked = Pick<Upstream, 'offer' | 'endpoint'>;

/** All machines of an offer rank alike, as far as they are asked by the same endpoint. */
function rankBy(wishes: Preferences, weighing: Weighing): (ranked: Ranked) => Rank {
  const { order, isOwnFirst } = wishes;
  const worthOf = worthBy(wishes.sort, weighing);
  const byOffer = new Map<Offer, Rank>();
  return (ranked) => {
    const { offer, endpoint } = ranked;
    const known = byOffer.get(offer);
    if (known && known.endpoint === endpoint) return known;
    const foreign = isOwnFirst && !offer.isOwn ? 2 : 0;
    const slow = isFastEnough(() => paceOf(ranked, weighing), wishes) ? 0 : 1;
    const group = placeIn(order, offer.provider) * 4 + foreign + slow;
    const rank = { endpoint, group, worth: worthOf(ranked) };
    byOffer.set(offer, rank);
    return rank;
  };
}

/** Less is better. Who has not been measured comes last: nobody knows that it is any good. */
function worthBy(sort: Preferences['sort'], weighing: Weighing): (ranked: Ranked) => number {
  switch (sort) {
    case undefined:
      return () => 0;
    case 'price': {
      const costOf = expectedCost(weighing);
      // A rank, and no amount: costs that a number does not tell apart are beyond nine million dollars.
      return ({ offer }) => Number(costOf(offer));
    }
    case 'latency':
      return (ranked) => paceOf(ranked, weighing).firstMs?.p50 ?? Number.POSITIVE_INFINITY;
    case 'throughput':
      return (ranked) => -(paceOf(ranked, weighing).tokensPerS?.p50 ?? Number.NEGATIVE_INFINITY);
    default:
      return sort satisfies never;
  }
}

/** What a request would cost at an offer, as far as that can be said before it runs. */
export function expectedCost(weighing: Weighing): (offer: Offer) => Nanos {
  const { outputTokens } = weighing;
  const counts = countsOf({ ...unitsBefore(weighing), completion_token: outputTokens });
  return ({ prices }) => costOfCounts(counts, prices);
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
