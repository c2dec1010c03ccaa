import type { SessionMeasured, SessionPresence } from '@aisbf/contracts';
import type { Line } from './line.js';
import { orderedByWeight, type RandomSource } from './weighted-order.js';

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
export function sessionOrder<Item extends Readonly<{ session: NamedLoad }>>(
  items: readonly Item[],
  random: RandomSource,
): Line<Item> {
  // Nothing is drawn where there is nothing to choose.
  if (items.length < 2) return items;
  const free = items.filter(({ session }) => roomOf(session) > 0);
  const firstMsLeast = fastest(free);
  const drawn = orderedByWeight(
    free,
    ({ session }) => ({ name: session.sessionId, weight: shareOf(session, firstMsLeast) }),
    random,
  );
  if (free.length === items.length) return drawn;
  const full = items.filter(({ session }) => roomOf(session) <= 0);
  return [...drawn, ...full.sort((left, right) => crowdOf(left.session) - crowdOf(right.session))];
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

function fastest(all: readonly Readonly<{ session: Load }>[]): number | null {
  let least: number | null = null;
  for (const { session } of all) {
    const firstMs = session.measured?.firstMs ?? null;
    if (firstMs !== null && (least === null || firstMs < least)) least = firstMs;
  }
  return least;
}

/** Requests for each of its places. */
function crowdOf({ inFlight, inFlightMax, queued }: Load): number {
  return (inFlight + queued) / inFlightMax;
}
