import type { SessionMeasured, SessionPresence } from '@aisbf/contracts';
import { type RandomSource, weightedOrder } from './weighted-order.js';

type Load = Pick<SessionPresence, 'inFlight' | 'inFlightMax' | 'queued' | 'measured'>;
type NamedLoad = Load & Pick<SessionPresence, 'sessionId'>;

/** Requests that count as served before a session has served any: one early failure proves little. */
const trustRequests = 4;
/** What fails always still gets a little, so that its recovery is seen. */
const trustLeast = 0.02;
/** The slowest counts for no less than this: capacity decides, and speed only leans on it. */
const speedLeast = 0.5;

/**
 * The workers of one provider in the order in which they are to be asked. Those with room come first, drawn
 * by how much of it they have: what each is known to have is a moment old, and a thousand requests that all
 * went to the one with the most room would find none. Then come those without, the shortest queue first.
 */
export function sessionOrder<Item extends Readonly<{ load: NamedLoad }>>(
  items: readonly Item[],
  random: RandomSource,
): readonly Item[] {
  const free = items.filter(({ load }) => roomOf(load) > 0);
  const full = items.filter(({ load }) => roomOf(load) <= 0);
  const firstMsLeast = fastest(free.map(({ load }) => load.measured));
  const drawn = weightedOrder(
    free.map((item) => ({
      item,
      name: item.load.sessionId,
      weight: shareOf(item.load, firstMsLeast),
    })),
    random,
  );
  const waiting = full.toSorted((left, right) => crowdOf(left.load) - crowdOf(right.load));
  return [...drawn.map(({ item }) => item), ...waiting];
}

/** How many more requests it can begin at once. */
export function roomOf({ inFlight, inFlightMax, queued }: Load): number {
  return inFlightMax - inFlight - queued;
}

/** Its room, as far as it can be trusted, and a little less where it is slower than the fastest. */
export function shareOf(load: Load, firstMsLeast: number | null): number {
  const { measured } = load;
  return roomOf(load) * trustOf(measured) * speedOf(measured?.firstMs ?? null, firstMsLeast);
}

/** Squared: what a failing worker gets comes back soon, and so it would get more than it deserves. */
function trustOf(measured: SessionMeasured | undefined): number {
  if (!measured) return 1;
  const { requests, successRate } = measured;
  const rate = (successRate * requests + trustRequests) / (requests + trustRequests);
  return Math.max(trustLeast, rate * rate);
}

/** Who has not been measured counts as the fastest. */
function speedOf(firstMs: number | null, firstMsLeast: number | null): number {
  if (firstMs === null || firstMsLeast === null || firstMs <= 0) return 1;
  return Math.max(speedLeast, firstMsLeast / firstMs);
}

function fastest(all: readonly (SessionMeasured | undefined)[]): number | null {
  const known = all.flatMap((measured) => measured?.firstMs ?? []);
  return known.length > 0 ? Math.min(...known) : null;
}

/** Requests for each of its places. */
function crowdOf({ inFlight, inFlightMax, queued }: Load): number {
  return (inFlight + queued) / inFlightMax;
}
