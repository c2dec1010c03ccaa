import { setTimeout as delay } from 'node:timers/promises';
import { type Quantiles, quantiles } from '../statistics.js';

export type Pace = Readonly<{ lanes: number; warmUpMs: number; measureMs: number }>;

/** How many times a second work is done, each lane beginning anew when it has ended; the warm-up does not count. */
export async function closedLoop(
  { lanes, warmUpMs, measureMs }: Pace,
  work: (lane: number) => Promise<void>,
): Promise<number> {
  const fromMs = performance.now() + warmUpMs;
  const endMs = fromMs + measureMs;
  let done = 0;
  const lane = async (_: unknown, n: number) => {
    while (performance.now() < endMs) {
      await work(n);
      const nowMs = performance.now();
      if (nowMs >= fromMs && nowMs < endMs) done += 1;
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return (done * 1_000) / measureMs;
}

/** Latencies at a constant rate, from when each call was due, whatever became of those before it. */
export async function openLoop(
  { ratePerS, durationMs }: Readonly<{ ratePerS: number; durationMs: number }>,
  work: () => Promise<unknown>,
): Promise<Quantiles> {
  const latencies: number[] = [];
  const running: Promise<void>[] = [];
  const startMs = performance.now();
  const count = Math.floor((ratePerS * durationMs) / 1_000);
  for (let n = 0; n < count; n += 1) {
    const dueMs = startMs + (n * 1_000) / ratePerS;
    const aheadMs = dueMs - performance.now();
    if (aheadMs > 0) await delay(aheadMs);
    const done = work().then(() => void latencies.push(performance.now() - dueMs));
    running.push(done);
  }
  await Promise.all(running);
  return quantiles(latencies);
}
