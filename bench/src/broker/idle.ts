import { setTimeout as delay } from 'node:timers/promises';
import type { Service } from '@aisbf/one-machine';
import { type Disturbance, DisturbanceWatch } from '../disturbance.js';
import { usageOf } from '../process-usage.js';
import { awaitCondition } from './await-condition.js';
import { type BrokerMarket, marketPids } from './broker-market.js';
import type { FleetCommands, FleetPlan } from './fleet.js';
import { type LoopDelay, loopDelayOf, metricOf, scrape } from './metrics-text.js';
import type { CalledProgram } from './program-calls.js';
import { residentKb } from './resident-memory.js';

export type Fleet = CalledProgram<FleetCommands>;

/** What workers that do nothing cost their peer. */
export type IdleResult = Readonly<{
  sessions: number;
  kbBefore: number;
  kbAfter: number;
  kbEach: number;
  /** Of one core. */
  cpuShare: number;
  loopDelay: LoopDelay | undefined;
  disturbance: Disturbance | undefined;
}>;

export type IdlePlan = Readonly<{
  sessions: number;
  opensPerS: number;
  /** How long a process is left alone before its memory is read: no collection is forced. */
  settleMs: number;
  idleMs: number;
}>;

const openMsMax = 60_000;

/** Holds all sessions for a while, in a broker that was started for it. They stay. */
export async function idleBroker(
  { market, claims }: BrokerMarket,
  fleet: Fleet,
  plan: IdlePlan,
): Promise<IdleResult> {
  const { broker, router } = market.services;
  await broker.restart();
  const pid = pidOf(broker);
  await delay(plan.settleMs);
  const kbBefore = await residentKb(pid);
  await openFleet(fleet, {
    ...{ origin: broker.url, peer: 'broker', opensPerS: plan.opensPerS },
    claims: claims.slice(0, plan.sessions),
  });
  await awaitRoutable(router.url, plan.sessions, openMsMax);
  await delay(plan.settleMs);
  await scrape(broker.url);
  const watch = await DisturbanceWatch.begin([...marketPids(market), fleet.pid]);
  const cpuShare = await coreShare(pid, plan.idleMs);
  const disturbance = await watch.soFar();
  const text = await scrape(broker.url);
  const held = metricOf(text, 'aisbf_broker_sessions');
  if (held !== plan.sessions) throw new Error(`The broker holds ${held} of ${plan.sessions}.`);
  const kbAfter = await residentKb(pid);
  return result(plan, { kbBefore, kbAfter, cpuShare, loopDelay: loopDelayOf(text), disturbance });
}

/** The same sockets at a bare server, and nothing said on them but pings. They leave at the end. */
export async function idleFloor(
  floor: Readonly<{ origin: string; pid: number }>,
  claims: FleetPlan['claims'],
  fleet: Fleet,
  plan: IdlePlan,
): Promise<IdleResult> {
  await delay(plan.settleMs);
  const kbBefore = await residentKb(floor.pid);
  await openFleet(fleet, {
    ...{ origin: floor.origin, peer: 'floor', opensPerS: plan.opensPerS },
    claims: claims.slice(0, plan.sessions),
  });
  await delay(plan.settleMs);
  const cpuShare = await coreShare(floor.pid, plan.idleMs);
  const kbAfter = await residentKb(floor.pid);
  await fleet.call('leave', null);
  const unknown = { loopDelay: undefined, disturbance: undefined };
  return result(plan, { kbBefore, kbAfter, cpuShare, ...unknown });
}

/** Waits until the router would give each of these workers a request, and no broker is there but one. */
export async function awaitRoutable(
  routerUrl: string,
  sessions: number,
  msMax: number,
): Promise<void> {
  await awaitCondition(`${sessions} workers are routable`, msMax, async () => {
    const text = await scrape(routerUrl);
    const routable = metricOf(text, 'aisbf_router_sessions_routable');
    const brokers = metricOf(text, 'aisbf_router_brokers_present');
    return (routable === sessions && brokers === 1) || `${routable} at ${brokers} brokers`;
  });
}

export function pidOf({ name, pid }: Pick<Service, 'name' | 'pid'>): number {
  if (pid === undefined) throw new Error(`${name} does not run.`);
  return pid;
}

async function openFleet(fleet: Fleet, plan: FleetPlan): Promise<void> {
  await fleet.call('open', plan);
  await awaitCondition('all workers are connected', openMsMax, async () => {
    const { registered, refusals } = await fleet.call('state', null);
    return registered === plan.claims.length || `${registered} are (${JSON.stringify(refusals)})`;
  });
}

async function coreShare(pid: number, ms: number): Promise<number> {
  const before = await usageOf(pid);
  await delay(ms);
  const after = await usageOf(pid);
  return ((after?.cpuMs ?? Number.NaN) - (before?.cpuMs ?? Number.NaN)) / ms;
}

function result(
  { sessions }: IdlePlan,
  measured: Omit<IdleResult, 'sessions' | 'kbEach'>,
): IdleResult {
  const kbEach = (measured.kbAfter - measured.kbBefore) / sessions;
  return { sessions, ...measured, kbEach };
}
