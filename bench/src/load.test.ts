import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { type Clock, closedLoop, type Lane, openLoop } from './load.js';
import { quantiles } from './statistics.js';

/** Time that passes only when everybody waits for it. */
class TestClock implements Clock {
  #nowMs = 0;
  readonly #sleepers: { untilMs: number; wake: () => void }[] = [];

  readonly nowMs = (): number => this.#nowMs;

  readonly sleep = (ms: number): Promise<void> =>
    new Promise((wake) => this.#sleepers.push({ untilMs: this.#nowMs + ms, wake }));

  /** Lets time pass until this has come about. */
  async until<Result>(outcome: Promise<Result>): Promise<Result> {
    const settled = outcome.then(() => true);
    while (!(await Promise.race([settled, turn(false)]))) {
      this.#sleepers.sort((a, b) => a.untilMs - b.untilMs);
      const next = this.#sleepers.shift();
      if (next === undefined) throw new Error('Nobody waits for time, and nothing comes.');
      this.#nowMs = next.untilMs;
      next.wake();
    }
    return outcome;
  }
}

/** Lanes to one server that takes this long for each request, by when it arrives. */
function lanesTo(clock: Clock, count: number, serviceMs: (nowMs: number) => number) {
  const sentAtMs: number[] = [];
  const lane: Lane = {
    send: async () => {
      sentAtMs.push(clock.nowMs());
      await clock.sleep(serviceMs(clock.nowMs()));
      return undefined;
    },
  };
  return { lanes: Array.from({ length: count }, () => lane), sentAtMs };
}

describe(closedLoop, () => {
  it('sends the next request when the last one is answered', async () => {
    const clock = new TestClock();
    const { lanes, sentAtMs } = lanesTo(clock, 2, () => 10);
    const result = await clock.until(closedLoop(lanes, 100, clock));
    expect(sentAtMs).toHaveLength(20);
    expect(result).toMatchObject({ perS: 200, successes: 20, failures: [] });
    expect(quantiles(result.latenciesMs)).toEqual({ p50: 10, p90: 10, p99: 10 });
  });

  it('waits for what runs at the end, and leaves it out of the rate', async () => {
    const clock = new TestClock();
    const { lanes } = lanesTo(clock, 1, () => 40);
    const result = await clock.until(closedLoop(lanes, 100, clock));
    expect(clock.nowMs()).toBe(120);
    expect(result).toMatchObject({ perS: 20, successes: 3 });
  });

  it('counts what fails apart', async () => {
    const clock = new TestClock();
    const lane: Lane = { send: () => clock.sleep(10).then(() => 'status 503') };
    const result = await clock.until(closedLoop([lane], 50, clock));
    expect(result).toEqual({
      ...{ latenciesMs: [], perS: 0, successes: 0 },
      failures: Array(5).fill('status 503'),
    });
  });
});

describe(openLoop, () => {
  it('sends at its rate, whatever the answers do', async () => {
    const clock = new TestClock();
    const { lanes, sentAtMs } = lanesTo(clock, 100, () => 45);
    const result = await clock.until(openLoop(lanes, { ratePerS: 100, durationMs: 100 }, clock));
    expect(sentAtMs).toEqual([0, 10, 20, 30, 40, 50, 60, 70, 80, 90]);
    expect(quantiles(result.latenciesMs)).toEqual({ p50: 45, p90: 45, p99: 45 });
  });

  it('keeps its rate on a clock that wakes late', async () => {
    const clock = new TestClock();
    const { lanes, sentAtMs } = lanesTo(clock, 100, () => 1);
    const late: Clock = { ...clock, sleep: (ms) => clock.sleep(ms + 3) };
    const result = await clock.until(openLoop(lanes, { ratePerS: 100, durationMs: 1_000 }, late));
    expect(result.successes).toBe(100);
    expect(sentAtMs.at(-1)).toBe(993);
    expect(quantiles(result.latenciesMs).p99).toBe(4);
  });

  it('says of every request that was due in a stall how long it has waited', async () => {
    const clock = new TestClock();
    // One lane, and the server stands still for a second at the first request.
    const { lanes } = lanesTo(clock, 1, (nowMs) => (nowMs === 0 ? 1_000 : 0));
    const result = await clock.until(openLoop(lanes, { ratePerS: 10, durationMs: 2_000 }, clock));
    expect(result.latenciesMs.slice(0, 10)).toEqual([
      1_000, 900, 800, 700, 600, 500, 400, 300, 200, 100,
    ]);
    expect(result.latenciesMs.slice(10)).toEqual(Array.from({ length: 10 }, () => 0));
  });
});
