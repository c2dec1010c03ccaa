import { usageOf } from '../process-usage.js';
import { median } from '../statistics.js';
import type { CalledProgram } from './program-calls.js';
import type { LanePlan } from './relay-lane.js';
import type { RelayCommands } from './relay-load.js';

export type RelayLoad = CalledProgram<RelayCommands>;

/** What stands between the two ends of a stream, and the process that it is. */
export type RelayTarget = Readonly<{ plan: LanePlan; pid: number }>;

export type RelayPlan = Readonly<{
  rounds: number;
  /** Chunks a second of each stream while delays are measured. */
  chunksPerS: number;
  pacedMs: number;
  floodMs: number;
}>;

export type FloodShape = Readonly<{ title: string; window: number; perFrame: number }>;

/** In the order of the table; the first is the one that the target is about. */
export const floodShapes: readonly FloodShape[] = [
  { title: 'each frame a chunk, up to 32 under way in a stream', window: 32, perFrame: 1 },
  { title: 'each frame a chunk, the next when it was read', window: 1, perFrame: 1 },
  { title: 'each frame 16 chunks, up to 4 under way in a stream', window: 4, perFrame: 16 },
];

export type FloodFigures = Readonly<{ chunksPerS: number; cpuUs: number; coreShare: number }>;

/** What one target did: medians of the rounds. */
export type RelayFigures = Readonly<{
  delay: Readonly<{ p50Ms: number; p99Ms: number; chunksPerS: number }>;
  /** One for each shape. */
  floods: readonly FloodFigures[];
}>;

export type RelayResult = Readonly<{
  streams: number;
  broker: RelayFigures;
  floor: RelayFigures;
  /** Over the floor of the same round. */
  added: Readonly<{ p50Ms: number; p99Ms: number }>;
}>;

type Round = RelayFigures;

/** Both in turn, round after round, so that a slow moment of the machine meets both. */
export async function relay(
  load: RelayLoad,
  targets: Readonly<Record<'broker' | 'floor', RelayTarget>>,
  plan: RelayPlan,
): Promise<RelayResult> {
  const rounds: Record<'broker' | 'floor', Round[]> = { broker: [], floor: [] };
  for (let round = 0; round < plan.rounds; round += 1) {
    const order = round % 2 === 0 ? (['broker', 'floor'] as const) : (['floor', 'broker'] as const);
    for (const name of order) rounds[name].push(await measure(load, targets[name], plan));
  }
  const [broker, floor] = [summary(rounds.broker), summary(rounds.floor)];
  const over = (figure: (round: Round) => number): number =>
    median(
      rounds.broker.map((one, index) => {
        const other = rounds.floor[index];
        return other === undefined ? Number.NaN : figure(one) - figure(other);
      }),
    );
  return {
    streams: targets.broker.plan.claims.length,
    ...{ broker, floor },
    added: { p50Ms: over(({ delay }) => delay.p50Ms), p99Ms: over(({ delay }) => delay.p99Ms) },
  };
}

async function measure(load: RelayLoad, target: RelayTarget, plan: RelayPlan): Promise<Round> {
  await load.call('open', target.plan);
  try {
    const { chunksPerS: perS, pacedMs, floodMs } = plan;
    await load.call('flood', { ms: floodMs / 2, window: 8, perFrame: 1 });
    await load.call('paced', { perS, ms: pacedMs / 4 });
    const { p50Ms, p99Ms, chunksPerS, failures } = await load.call('paced', { perS, ms: pacedMs });
    throwAt(failures);
    const floods: FloodFigures[] = [];
    for (const shape of floodShapes) floods.push(await flood(load, target.pid, shape, floodMs));
    return { delay: { p50Ms, p99Ms, chunksPerS }, floods };
  } finally {
    await load.call('close', null);
  }
}

async function flood(
  load: RelayLoad,
  pid: number,
  { window, perFrame }: FloodShape,
  ms: number,
): Promise<FloodFigures> {
  const before = await usageOf(pid);
  const startedMs = Date.now();
  const { chunks, chunksPerS, failures } = await load.call('flood', { ms, window, perFrame });
  const tookMs = Date.now() - startedMs;
  const after = await usageOf(pid);
  throwAt(failures);
  const cpuMs = (after?.cpuMs ?? Number.NaN) - (before?.cpuMs ?? Number.NaN);
  return { chunksPerS, cpuUs: (cpuMs * 1_000) / chunks, coreShare: cpuMs / tookMs };
}

/** One wrong stream is one too many: figures of broken answers are no figures. */
export function throwAt(failures: readonly string[]): void {
  const [first] = failures;
  if (first !== undefined) throw new Error(`${failures.length} answers were wrong: ${first}`);
}

function summary(rounds: readonly Round[]): RelayFigures {
  const over = (figure: (round: Round) => number): number => median(rounds.map(figure));
  return {
    delay: {
      p50Ms: over(({ delay }) => delay.p50Ms),
      p99Ms: over(({ delay }) => delay.p99Ms),
      chunksPerS: over(({ delay }) => delay.chunksPerS),
    },
    floods: floodShapes.map((_, index) => ({
      chunksPerS: over(({ floods }) => floods[index]?.chunksPerS ?? Number.NaN),
      cpuUs: over(({ floods }) => floods[index]?.cpuUs ?? Number.NaN),
      coreShare: over(({ floods }) => floods[index]?.coreShare ?? Number.NaN),
    })),
  };
}
