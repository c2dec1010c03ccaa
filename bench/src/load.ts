/** Carries one request at a time, and says what was wrong with the answer, if anything. Never rejects. */
export type Lane = Readonly<{ send: () => Promise<string | undefined> }>;

/** Where time comes from: the machine, or a test. */
export type Clock = Readonly<{ nowMs: () => number; sleep: (ms: number) => Promise<void> }>;

/** What came of one phase of load. */
export type LoadResult = Readonly<{
  /** Of good answers alone. */
  latenciesMs: readonly number[];
  /** Good answers per second of the phase. */
  perS: number;
  successes: number;
  /** What was wrong with each answer that was not good. */
  failures: readonly string[];
}>;

/**
 * Sends on every lane as fast as answers come, as buyers do who wait for each other: what a target can carry.
 * A request that runs when the time is over is waited for, and counts as sent but not towards the rate.
 */
export async function closedLoop(
  lanes: readonly Lane[],
  durationMs: number,
  clock: Clock,
): Promise<LoadResult> {
  const latenciesMs: number[] = [];
  let inTime = 0;
  const failures: string[] = [];
  const endMs = clock.nowMs() + durationMs;
  const loop = async (lane: Lane): Promise<void> => {
    for (let sentMs = clock.nowMs(); sentMs < endMs; ) {
      const failure = await lane.send();
      const nowMs = clock.nowMs();
      if (failure === undefined) latenciesMs.push(nowMs - sentMs);
      else failures.push(failure);
      if (failure === undefined && nowMs <= endMs) inTime += 1;
      sentMs = nowMs;
    }
  };
  await Promise.all(lanes.map(loop));
  const perS = (inTime * 1_000) / durationMs;
  return { latenciesMs, perS, successes: latenciesMs.length, failures };
}

/**
 * Sends at a constant rate, whatever becomes of what was sent before, as buyers do who know nothing of each
 * other. Time counts from when a request should have been sent: where a target stalls, everything that was
 * due meanwhile has waited, and says so. Lanes bound only how many requests run at once; the rest queue.
 */
export async function openLoop(
  lanes: readonly Lane[],
  { ratePerS, durationMs }: Readonly<{ ratePerS: number; durationMs: number }>,
  clock: Clock,
): Promise<LoadResult> {
  const latenciesMs: number[] = [];
  const failures: string[] = [];
  const pool = new LanePool(lanes);
  const run = async (dueMs: number): Promise<void> => {
    const lane = await pool.take();
    const failure = await lane.send();
    pool.giveBack(lane);
    if (failure === undefined) latenciesMs.push(clock.nowMs() - dueMs);
    else failures.push(failure);
  };

  const startMs = clock.nowMs();
  const count = Math.max(1, Math.floor((durationMs * ratePerS) / 1_000));
  const running: Promise<void>[] = [];
  for (let index = 0; index < count; index += 1) {
    // From the start each time, so that lateness does not add up.
    const dueMs = startMs + (index * 1_000) / ratePerS;
    for (let waitMs = dueMs - clock.nowMs(); waitMs > 0; waitMs = dueMs - clock.nowMs()) {
      await clock.sleep(waitMs);
    }
    running.push(run(dueMs));
  }
  await Promise.all(running);
  const perS = (latenciesMs.length * 1_000) / (clock.nowMs() - startMs);
  return { latenciesMs, perS, successes: latenciesMs.length, failures };
}

/** Whoever waits longest gets the lane that is free first. */
class LanePool {
  readonly #free: Lane[];
  readonly #waiting: ((lane: Lane) => void)[] = [];

  constructor(lanes: readonly Lane[]) {
    this.#free = [...lanes];
  }

  async take(): Promise<Lane> {
    return this.#free.pop() ?? new Promise((resolve) => this.#waiting.push(resolve));
  }

  giveBack(lane: Lane): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free.push(lane);
    else next(lane);
  }
}
