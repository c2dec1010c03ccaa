import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer } from './answer-reader.js';
import { HttpConnection } from './http-connection.js';
import { type Clock, closedLoop, type Lane, type LoadResult, openLoop } from './load.js';
import { streamEventCount } from './mock-answer.js';
import { resetPeak, type Usage, usageOf } from './process-usage.js';
import type { AnswerKind } from './request.js';
import { type Quantiles, quantiles } from './statistics.js';
import type { Target } from './target.js';

/** Processor time of each process, settlements included; NaN where the system does not tell. */
export type CpuUs = Readonly<Record<string, number>>;

/** What one target did in one round. Latencies in milliseconds; memory in MiB. */
export type Measured = Readonly<{
  sequential: Quantiles;
  requestsPerS: number;
  cpuUsPerRequest: CpuUs;
  streamsPerS: number;
  cpuUsPerStream: CpuUs;
  openLoop: Quantiles;
  peakMb: number;
  /** Of the process that takes the requests. */
  ownPeakMb: number;
  successes: number;
  failures: readonly string[];
}>;

/** How long each phase runs, and how hard. */
export type Plan = Readonly<{
  connections: number;
  sequentialMs: number;
  wholeMs: number;
  streamMs: number;
  openLoopMs: number;
  ratePerS: number;
}>;

const clock: Clock = { nowMs: () => performance.now(), sleep: (ms) => sleep(ms) };

/** One request at a time; as many as it can carry; streams; and a modest constant rate: in this order. */
export async function measure(target: Target, plan: Plan): Promise<Measured> {
  await Promise.all(target.processes.map(({ pid }) => resetPeak(pid)));
  const sequential = await withLanes(target, 'whole', 1, (lanes) =>
    closedLoop(lanes, plan.sequentialMs, clock),
  );
  const whole = await timedLoad(target, 'whole', plan);
  const stream = await timedLoad(target, 'stream', plan);
  const memory = await usages(target);
  const open = await withLanes(target, 'whole', plan.connections, (lanes) =>
    openLoop(lanes, { ratePerS: plan.ratePerS, durationMs: plan.openLoopMs }, clock),
  );
  await target.settled?.();
  const results = [sequential, whole.result, stream.result, open];
  return {
    sequential: quantiles(sequential.latenciesMs),
    requestsPerS: whole.result.perS,
    cpuUsPerRequest: whole.cpuUsEach,
    streamsPerS: stream.result.perS,
    cpuUsPerStream: stream.cpuUsEach,
    openLoop: quantiles(open.latenciesMs),
    peakMb: sum(memory.map((usage) => usage?.peakMb ?? Number.NaN)),
    ownPeakMb: memory[0]?.peakMb ?? Number.NaN,
    successes: sum(results.map(({ successes }) => successes)),
    failures: results.flatMap(({ failures }) => failures),
  };
}

/** Both kinds of load for a while, since compilers and pools need it; says how many requests it carried. */
export async function warmUp(target: Target, connections: number, ms: number): Promise<LoadResult> {
  const stream = await withLanes(target, 'stream', connections, (lanes) =>
    closedLoop(lanes, ms / 2, clock),
  );
  const whole = await withLanes(target, 'whole', connections, (lanes) =>
    closedLoop(lanes, ms / 2, clock),
  );
  await target.settled?.();
  return {
    ...whole,
    successes: whole.successes + stream.successes,
    failures: [...whole.failures, ...stream.failures],
  };
}

async function timedLoad(
  target: Target,
  kind: AnswerKind,
  plan: Plan,
): Promise<Readonly<{ result: LoadResult; cpuUsEach: CpuUs }>> {
  await target.settled?.();
  const before = await usages(target);
  const durationMs = kind === 'whole' ? plan.wholeMs : plan.streamMs;
  const result = await withLanes(target, kind, plan.connections, (lanes) =>
    closedLoop(lanes, durationMs, clock),
  );
  // What is still being booked belongs to what was asked.
  await target.settled?.();
  const after = await usages(target);
  const cpuUsEach = target.processes.map(({ name }, index) => {
    const cpuMs = (after[index]?.cpuMs ?? Number.NaN) - (before[index]?.cpuMs ?? Number.NaN);
    return [name, (cpuMs * 1_000) / result.successes] as const;
  });
  return { result, cpuUsEach: Object.fromEntries(cpuUsEach) };
}

function usages(target: Target): Promise<readonly (Usage | undefined)[]> {
  return Promise.all(target.processes.map(({ pid }) => usageOf(pid)));
}

async function withLanes<Result>(
  target: Target,
  kind: AnswerKind,
  count: number,
  use: (lanes: readonly Lane[]) => Promise<Result>,
): Promise<Result> {
  const connections = Array.from({ length: count }, () => new HttpConnection(target.address));
  try {
    await Promise.all(connections.map((connection) => connection.open()));
    return await use(connections.map((connection, index) => lane(connection, target, kind, index)));
  } finally {
    for (const connection of connections) connection.close();
  }
}

function lane(connection: HttpConnection, target: Target, kind: AnswerKind, index: number): Lane {
  const request = target.request(kind, index);
  const eventsWanted = kind === 'whole' ? 0 : streamEventCount;
  const judge = ({ status, events }: Answer): string | undefined => {
    if (status !== 200) return `status ${status}`;
    return events === eventsWanted ? undefined : `${events} events of ${eventsWanted}`;
  };
  return {
    send: () =>
      connection
        .send(request)
        .then(judge, (error: unknown) => (error instanceof Error ? error.message : String(error))),
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
