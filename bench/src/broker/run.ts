import { findFreePorts, inRepository, throwAwayFolder } from '@aisbf/one-machine';
import type { BrokerBenchOptions, BrokerPart } from '../bench-options.js';
import { DisturbanceWatch } from '../disturbance.js';
import { thisMachine } from '../machine.js';
import { writeBetweenMarks } from '../marked-page.js';
import { ownScript, startProgram } from '../program.js';
import { bodies } from './bodies.js';
import { type BrokerMarket, marketPids, openBrokerMarket } from './broker-market.js';
import { type BrokerReport, brokerMarkdown } from './broker-report.js';
import type { FleetCommands } from './fleet.js';
import { awaitRoutable, type Fleet, idleBroker, idleFloor, pidOf } from './idle.js';
import { CalledProgram } from './program-calls.js';
import { type RelayTarget, relay } from './relay.js';
import type { RelayCommands } from './relay-load.js';
import { storm } from './storm.js';

type Progress = (step: string) => void;
type Floor = Readonly<{ origin: string; pid: number }>;

const goneMsMax = 60_000;

/** Starts everything, measures it, and leaves nothing but what it says; throws where an answer was wrong. */
export async function runBrokerBench(
  options: BrokerBenchOptions,
  progress: Progress,
): Promise<string> {
  const machine = thisMachine();
  const { path } = await throwAwayFolder();
  progress('starting a market and the floor');
  const { sessions, streams, profileFolder } = options;
  const opened = await openBrokerMarket({
    ...{ folder: path, profileFolder, onProgress: progress },
    workers: Math.max(sessions, streams),
  });
  const isWanted = (part: BrokerPart): boolean => options.only?.includes(part) ?? true;
  const connected =
    isWanted('idle') || isWanted('storm')
      ? await measureConnected(opened, options, path, progress)
      : undefined;
  const carried =
    isWanted('relay') || isWanted('bodies')
      ? await measureCarried(opened, options, path, progress)
      : undefined;
  const report: BrokerReport = {
    ...{ date: new Date().toISOString().slice(0, 10), machine },
    idle: connected?.idle,
    storm: connected?.storm,
    relay: carried?.relay,
    disturbance: carried?.disturbance,
    bodies: carried?.bodies,
  };
  const text = brokerMarkdown(report);
  if (!options.isQuick && options.only === undefined) {
    await writeBetweenMarks(inRepository('docs/benchmarks.md'), 'broker measured', text);
  }
  await opened.market.stop();
  return options.isJson ? JSON.stringify(report, null, 2) : text;
}

/** What ten thousand workers cost that are only there, and how they come back. */
async function measureConnected(
  opened: BrokerMarket,
  options: BrokerBenchOptions,
  folder: string,
  progress: Progress,
) {
  const fleet: Fleet = await CalledProgram.start<FleetCommands>('broker/fleet');
  const floor = await startFloor('idle-floor', folder);
  const idleAtFloor = await idleFloor(floor, opened.claims, fleet, options);
  await floor.stop();
  progress(`floor: ${idleAtFloor.kbEach.toFixed(1)} KB a socket`);
  const idleAtBroker = await idleBroker(opened, fleet, options);
  progress(`broker: ${idleAtBroker.kbEach.toFixed(1)} KB a session`);
  const isStorm = options.only?.includes('storm') ?? true;
  const stormed = isStorm ? await storm(opened, fleet, options.sessions) : undefined;
  if (stormed) progress(`storm: all back after ${(stormed.allBackMs / 1_000).toFixed(1)} s`);
  await fleet.call('leave', null);
  await fleet.stop();
  await awaitRoutable(opened.market.services.router.url, 0, goneMsMax);
  return { idle: { broker: idleAtBroker, floor: idleAtFloor }, storm: stormed };
}

/** What goes through a broker that has few sessions and much to carry. */
async function measureCarried(
  opened: BrokerMarket,
  options: BrokerBenchOptions,
  folder: string,
  progress: Progress,
) {
  const { market, internalSecret } = opened;
  const { broker } = market.services;
  await broker.restart();
  const floor = await startFloor('relay-floor', folder);
  const load = await CalledProgram.start<RelayCommands>('broker/relay-load');
  const claims = opened.claims.slice(0, options.streams);
  const targets: Record<'broker' | 'floor', RelayTarget> = {
    broker: {
      plan: { origin: broker.url, peer: 'broker', internalSecret, claims },
      pid: pidOf(broker),
    },
    floor: {
      plan: { origin: floor.origin, peer: 'floor', internalSecret, claims },
      pid: floor.pid,
    },
  };
  const watch = await DisturbanceWatch.begin([...marketPids(market), floor.pid, load.pid]);
  const { only } = options;
  const relayed =
    (only?.includes('relay') ?? true) ? await relay(load, targets, options) : undefined;
  if (relayed) progress(`relay: ${relayed.broker.floods[0]?.chunksPerS.toFixed(0)} chunks/s`);
  const disturbance = await watch.soFar();
  const ways = [
    { title: 'base64 in JSON', target: targets.broker, metricsUrl: broker.url },
    { title: 'bare `ws` (the floor)', target: targets.floor, metricsUrl: undefined },
  ];
  const { imageBytes, videoBytes, bodyTimes: times } = options;
  const carried =
    (only?.includes('bodies') ?? true)
      ? await bodies(load, ways, { imageBytes, videoBytes, times })
      : undefined;
  if (carried) progress('large bodies carried');
  await load.stop();
  await floor.stop();
  return { relay: relayed, bodies: carried, disturbance };
}

async function startFloor(
  name: string,
  folder: string,
): Promise<Floor & Readonly<{ stop: () => Promise<void> }>> {
  const [port = 0] = await findFreePorts(1);
  const daemon = await startProgram({
    name,
    args: [ownScript('broker/bare-socket'), String(port)],
    ...{ port, folder },
  });
  const origin = `http://127.0.0.1:${port}`;
  return { origin, pid: pidOf(daemon), stop: () => daemon.stop() };
}
