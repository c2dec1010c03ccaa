import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { performance } from 'node:perf_hooks';
import { usageOf } from './process-usage.js';

/** Who else used the processors while something was measured, as shares of all there are. */
export type Disturbance = Readonly<{
  /** Other programs on this machine. */
  othersShare: number;
  /** Other machines on the same host. */
  stolenShare: number;
}>;

type Reading = Readonly<{ atMs: number; busyMs: number; stolenMs: number; oursMs: number }>;

const msPerTick = 10;

/** Watches from its start on; what is ours are this process and those with these ids. */
export class DisturbanceWatch {
  private constructor(
    private readonly pids: readonly number[],
    private readonly start: Reading | undefined,
  ) {}

  static async begin(pids: readonly number[]): Promise<DisturbanceWatch> {
    return new DisturbanceWatch(pids, await read(pids));
  }

  /** Undefined where the system does not tell: outside Linux. */
  async soFar(): Promise<Disturbance | undefined> {
    const end = await read(this.pids);
    if (this.start === undefined || end === undefined) return undefined;
    const allMs = (end.atMs - this.start.atMs) * availableParallelism();
    const othersMs = end.busyMs - this.start.busyMs - (end.oursMs - this.start.oursMs);
    return {
      othersShare: Math.max(0, othersMs / allMs),
      stolenShare: (end.stolenMs - this.start.stolenMs) / allMs,
    };
  }
}

async function read(pids: readonly number[]): Promise<Reading | undefined> {
  const stat = await readFile('/proc/stat', 'utf8').catch(() => undefined);
  if (stat === undefined) return undefined;
  const [user = 0, nice = 0, system = 0, , , , , stolen = 0] = (
    /^cpu +(.*)$/m.exec(stat)?.[1] ?? ''
  )
    .split(' ')
    .map(Number);
  const usages = await Promise.all(pids.map(usageOf));
  const own = process.cpuUsage();
  return {
    atMs: performance.now(),
    // Without interrupts, which the kernel charges to nobody.
    busyMs: (user + nice + system) * msPerTick,
    stolenMs: stolen * msPerTick,
    oursMs: usages.reduce(
      (sum, usage) => sum + (usage?.cpuMs ?? 0),
      (own.user + own.system) / 1_000,
    ),
  };
}

/** From where on other programs shape the figures, for those targets above all that are many processes. */
const disturbedShare = 0.05;

export function disturbanceLines(disturbance: Disturbance | undefined): readonly string[] {
  if (disturbance === undefined) return [];
  const { othersShare, stolenShare } = disturbance;
  const line = `Meanwhile other programs took ${(othersShare * 100).toFixed(0)} % of the processors, and other machines on the same host ${(stolenShare * 100).toFixed(0)} %.`;
  if (othersShare + stolenShare <= disturbedShare) return [line];
  return [
    `${line} **The machine was not ours alone: rates and latencies are worse than on a quiet one, and processor time says more than they do.**`,
  ];
}
