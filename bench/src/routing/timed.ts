import { type Quantiles, quantiles } from '../statistics.js';

/** How often something is done: to warm up, and measured. */
export type Times = Readonly<{ warmUp: number; count: number }>;

/** What calls have taken, in microseconds. */
export type Timing = Readonly<{
  /** Of all of them, by the clock. */
  us: Quantiles;
  /** Of those during which the system took the processor away for nobody else. */
  quietUs: Quantiles;
  /** The share of the others: where other programs want the processor too, they say more of those. */
  disturbedShare: number;
  /** Processor time of one, on average. */
  cpuUs: number;
}>;

/** Every call is kept and sorted, so that percentiles are exact. */
export async function timed(
  { warmUp, count }: Times,
  call: (index: number) => unknown,
): Promise<Timing> {
  for (let index = 0; index < warmUp; index += 1) await call(index);
  const us = new Array<number>(count).fill(0);
  const isQuiet = new Array<boolean>(count).fill(false);
  const cpuBefore = process.threadCpuUsage();
  for (let index = 0; index < count; index += 1) {
    const before = takenAway();
    const startMs = performance.now();
    const answer = call(warmUp + index);
    // What answers at once is not made to wait for its turn.
    if (answer instanceof Promise) await answer;
    us[index] = (performance.now() - startMs) * 1_000;
    isQuiet[index] = takenAway() === before;
  }
  const { user, system } = process.threadCpuUsage(cpuBefore);
  const quiet = us.filter((_one, index) => isQuiet[index]);
  return {
    us: quantiles(us),
    quietUs: quantiles(quiet),
    disturbedShare: 1 - quiet.length / count,
    cpuUs: (user + system) / count,
  };
}

/** How often the system has given the processor to somebody else while there was something to do here. */
function takenAway(): number {
  return process.resourceUsage().involuntaryContextSwitches;
}
