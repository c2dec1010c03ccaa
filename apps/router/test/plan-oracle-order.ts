import type { Percentiles } from '@aisbf/contracts';
import type { PaceFigures } from '../src/domain/pace.js';
import { type RandomSource, randomByName } from '../src/domain/weighted-order.js';
import { type PlanCase, paceName } from './plan-case.js';
import type { Expected } from './plan-oracle.js';
import type { OracleUpstream } from './plan-oracle-fit.js';
import { outputHeld, plainCost } from './plan-oracle-money.js';
import { outAmong, standingOf } from './plan-oracle-standing.js';
import { offersIn, type Tree } from './plan-oracle-tree.js';
import { nowMs } from './random-schedule.js';

export type Ordered = Readonly<{
  /** Asked one after the other. */
  asked: readonly OracleUpstream[];
  /** Asked last, the soonest recovered first; those that recover at once in any order. */
  waiting: readonly Readonly<{ upstream: OracleUpstream; untilMs: number }>[];
  trial: string | undefined;
}>;

/** The one order that is right where the dice are these: a number for each name, whenever it is asked. */
export function orderOf(one: PlanCase, expected: Expected, dice: RandomSource): Ordered {
  const { tree } = expected;
  if (!tree) return { asked: [], waiting: [], trial: undefined };
  const { stickyKey } = one.facts;
  const random =
    stickyKey === undefined ? dice : randomByName(`${one.buyer.ownerId}\n${stickyKey}`);
  const pool = offersIn(tree).flatMap((offer) =>
    machinesInOrder(
      expected.upstreams.filter((each) => each.offer.name === offer.name),
      random,
    ),
  );
  // The same that is named by itself and through imports is one.
  const places = onceEach(pool);
  const out = outAmong(one, places);
  const untilOf = (upstream: OracleUpstream) =>
    out.get(upstream.healthName) ?? standingOf(one, upstream).untilMs;
  const drawn = drawFrom(tree, {
    random,
    machinesOf: (name) => pool.filter((each) => each.offer.name === name && untilOf(each) === 0),
  });
  const once = onceEach(drawn);
  const classes = new Map(once.map((each) => [each, rankOf(one, expected, each)]));
  const wished = once.toSorted((left, right) =>
    compareLists(classes.get(left) ?? [], classes.get(right) ?? []),
  );
  const isTrial = (each: OracleUpstream) => standingOf(one, each).isOnTrial;
  const [first] = wished;
  const cooling = places
    .filter((each) => untilOf(each) > 0)
    .map((upstream) => ({ upstream, untilMs: untilOf(upstream) }));
  const later = wished
    .slice(1)
    .filter(isTrial)
    .map((upstream) => ({ upstream, untilMs: nowMs + 1 }));
  return {
    asked: wished.filter((each, at) => at === 0 || !isTrial(each)),
    waiting: [...cooling, ...later].sort((left, right) => left.untilMs - right.untilMs),
    trial: first && isTrial(first) ? first.healthName : undefined,
  };
}

function onceEach(all: readonly OracleUpstream[]): readonly OracleUpstream[] {
  const names = all.map(({ healthName }) => healthName);
  return all.filter(({ healthName }, at) => names.indexOf(healthName) === at);
}

/** What a wish makes of one; less is asked earlier, and equals stay as they were drawn. */
export function rankOf(
  one: PlanCase,
  { wishes }: Expected,
  { offer, endpoint }: OracleUpstream,
): readonly (number | bigint)[] {
  const { provider, isOwn } = offer;
  const pace = one.pace.get(paceName(provider.id, endpoint));
  const names = [provider.name, provider.username, `${provider.username}/${provider.name}`];
  const order = wishes.order ?? [];
  const place = order.findIndex((name) => names.includes(name));
  const isFast =
    isEach(wishes.latencyMsMax, pace?.firstMs, (is, wish) => is <= wish) &&
    isEach(wishes.throughputMin, pace?.tokensPerS, (is, wish) => is >= wish);
  const output = outputHeld(one.facts, one.settings, one.usualOutput);
  const sorted = {
    price: plainCost(offer.prices, one.facts, output),
    latency: pace?.firstMs?.p50 ?? Number.POSITIVE_INFINITY,
    throughput: -(pace?.tokensPerS?.p50 ?? Number.NEGATIVE_INFINITY),
  };
  return [
    place === -1 ? order.length : place,
    wishes.isOwnFirst && !isOwn ? 1 : 0,
    isFast ? 0 : 1,
    wishes.sort ? sorted[wishes.sort] : 0,
  ];
}

export function compareLists(
  left: readonly (number | bigint)[],
  right: readonly (number | bigint)[],
): number {
  for (const [at, value] of left.entries()) {
    const other = right[at] ?? 0;
    if (value < other) return -1;
    if (value > other) return 1;
  }
  return 0;
}

/** Who has not been measured is not known to be fast. */
function isEach(
  wished: Percentiles | undefined,
  figures: PaceFigures | null | undefined,
  isMet: (is: number, wish: number) => boolean,
): boolean {
  if (!wished) return true;
  if (!figures) return false;
  const names = ['p50', 'p75', 'p90', 'p99'] as const;
  return names.every((name) => wished[name] === undefined || isMet(figures[name], wished[name]));
}

type Drawing = Readonly<{
  random: RandomSource;
  machinesOf: (name: string) => readonly OracleUpstream[];
}>;

/** In a pool: the least priority first; of each member one, then of each another one, and so on. */
function drawFrom(tree: Tree, drawing: Drawing): readonly OracleUpstream[] {
  if ('offer' in tree) return drawing.machinesOf(tree.offer.name);
  if ('inOrder' in tree) return tree.inOrder.flatMap((part) => drawFrom(part, drawing));
  const members = tree.drawn
    .map((branch) => ({ ...branch, queue: [...drawFrom(branch.tree, drawing)] }))
    .filter(({ queue }) => queue.length > 0);
  const priorities = [...new Set(members.map(({ priority }) => priority))];
  const order: OracleUpstream[] = [];
  for (const priority of priorities.sort((left, right) => left - right)) {
    const equals = byLot(
      members.filter((member) => member.priority === priority),
      drawing.random,
    );
    while (equals.some(({ queue }) => queue.length > 0)) {
      for (const { queue } of equals) {
        const next = queue.shift();
        if (next) order.push(next);
      }
    }
  }
  return order;
}

/** Each waits for its turn, the shorter the more weight it has. */
function byLot<Item extends Readonly<{ name: string; weight: number }>>(
  items: readonly Item[],
  random: RandomSource,
): readonly Item[] {
  const waits = new Map(
    items.map((item) => [item, -Math.log(1 - random(item.name)) / item.weight]),
  );
  return items.toSorted((left, right) => (waits.get(left) ?? 0) - (waits.get(right) ?? 0));
}

/**
 * The machines of one provider: those with room by lot, by how much of it they have, how well they have served and how
 * fast they began; then those without, the shortest queue first.
 */
function machinesInOrder(
  upstreams: readonly OracleUpstream[],
  random: RandomSource,
): readonly OracleUpstream[] {
  const machines = upstreams.flatMap((upstream) => {
    const { session } = upstream;
    return session ? [{ upstream, session, room: roomOf(session) }] : [];
  });
  if (machines.length === 0) return upstreams;
  const free = machines.filter(({ room }) => room > 0);
  const fastest = Math.min(...free.flatMap(({ session }) => session.measured?.firstMs ?? []));
  const drawn = byLot(
    free.map(({ upstream, session, room }) => ({
      upstream,
      name: session.sessionId,
      weight: room * trustIn(session) * paceShare(session, fastest),
    })),
    random,
  );
  const full = machines
    .filter(({ room }) => room <= 0)
    .sort((left, right) => crowd(left.session) - crowd(right.session));
  return [...drawn, ...full].map(({ upstream }) => upstream);
}

type Session = NonNullable<OracleUpstream['session']>;

function roomOf({ inFlight, inFlightMax, queued }: Session): number {
  return inFlightMax - (inFlight + queued);
}

function crowd({ inFlight, inFlightMax, queued }: Session): number {
  return (inFlight + queued) / inFlightMax;
}

/** Four served requests are believed in advance; what always fails keeps a fiftieth. */
function trustIn({ measured }: Session): number {
  if (!measured) return 1;
  const { requests, successRate } = measured;
  const rate = (successRate * requests + 4) / (requests + 4);
  return Math.max(rate * rate, 0.02);
}

/** The slowest counts for a half. */
function paceShare({ measured }: Session, fastest: number): number {
  const firstMs = measured?.firstMs;
  return firstMs ? Math.max(0.5, fastest / firstMs) : 1;
}
