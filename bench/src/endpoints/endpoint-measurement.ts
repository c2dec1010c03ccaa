import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Clock, closedLoop } from '../load.js';
import { resetPeak, usageOf } from '../process-usage.js';
import { type Quantiles, quantiles } from '../statistics.js';
import { firstWordEvents } from './endpoint-answers.js';
import { type EndpointKind, slowStream } from './endpoint-kind.js';
import { type Way, withLanes } from './way.js';

const clock: Clock = { nowMs: () => performance.now(), sleep: (ms) => sleep(ms) };

/** How long each phase runs. */
export type EndpointPlan = Readonly<{
  warmUpMs: number;
  sequentialMs: number;
  loadMs: number;
  firstWordMs: number;
}>;

type Sent = Readonly<{ successes: number; failures: readonly string[] }>;

/** What one way did with one kind in one round; latencies in milliseconds. */
export type KindFigures = Sent & Readonly<{ sequential: Quantiles; perS: number }>;

export async function warmUp(way: Way, kind: EndpointKind, plan: EndpointPlan): Promise<Sent> {
  const result = await withLanes(way, kind, (lanes) => closedLoop(lanes, plan.warmUpMs, clock));
  await way.settled();
  return result;
}

/** One request at a time, then as many as it can carry. */
export async function measureKind(
  way: Way,
  kind: EndpointKind,
  plan: EndpointPlan,
): Promise<KindFigures> {
  const alone = await withLanes(way, kind, (lanes) => closedLoop(lanes, plan.sequentialMs, clock), {
    count: 1,
  });
  await way.settled();
  const load = await withLanes(way, kind, (lanes) => closedLoop(lanes, plan.loadMs, clock));
  await way.settled();
  return {
    sequential: quantiles(alone.latenciesMs),
    perS: load.perS,
    successes: alone.successes + load.successes,
    failures: [...alone.failures, ...load.failures],
  };
}

/** From a request to its answer's first word, in milliseconds, while this many streams run. */
export type FirstWordFigures = Sent & Readonly<{ firstWord: Quantiles }>;

export async function measureFirstWord(way: Way, plan: EndpointPlan): Promise<FirstWordFigures> {
  const waitedMs: number[] = [];
  const onEvents = () => {
    const sentMs = clock.nowMs();
    let isHeard = false;
    return (events: number) => {
      if (isHeard || events < firstWordEvents) return;
      isHeard = true;
      waitedMs.push(clock.nowMs() - sentMs);
    };
  };
  const result = await withLanes(
    way,
    slowStream,
    (lanes) => closedLoop(lanes.map(spreadOver(plan.firstWordMs / 4)), plan.firstWordMs, clock),
    { onEvents },
  );
  await way.settled();
  return { ...result, firstWord: quantiles(waitedMs) };
}

/** Streams begin one after another, as those of strangers do. */
function spreadOver(ms: number) {
  return <L extends { send: () => Promise<string | undefined> }>(
    lane: L,
    index: number,
    { length }: readonly L[],
  ) => {
    let isFirst = true;
    return {
      send: async () => {
        if (isFirst) await clock.sleep((ms * index) / length);
        isFirst = false;
        return lane.send();
      },
    };
  };
}

/** Resident memory in MiB of each process on the way, at rest and at its highest while large bodies go through. */
export type MemoryFigures = Sent &
  Readonly<{ processes: readonly Readonly<{ name: string; restMb: number; peakMb: number }>[] }>;

export async function measureMemory(
  way: Way,
  kind: EndpointKind,
  rounds: number,
): Promise<MemoryFigures> {
  const { processes } = way;
  await Promise.all(processes.map(({ pid }) => resetPeak(pid)));
  const rest = await Promise.all(processes.map(({ pid }) => usageOf(pid)));
  const failures: string[] = [];
  let successes = 0;
  await withLanes(way, kind, async (lanes) => {
    for (let round = 0; round < rounds; round += 1) {
      for (const failure of await Promise.all(lanes.map((lane) => lane.send()))) {
        if (failure === undefined) successes += 1;
        else failures.push(failure);
      }
    }
  });
  await way.settled();
  const peaks = await Promise.all(processes.map(({ pid }) => usageOf(pid)));
  return {
    ...{ successes, failures },
    processes: processes.map(({ name }, index) => ({
      name,
      restMb: rest[index]?.peakMb ?? Number.NaN,
      peakMb: peaks[index]?.peakMb ?? Number.NaN,
    })),
  };
}
