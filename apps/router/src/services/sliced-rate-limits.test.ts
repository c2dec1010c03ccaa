import type { TokenLimits } from '@aisbf/contracts';
import { Clock } from '@aisbf/platform';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { RateShare } from '../domain/rate-slice.js';
import type { RateDemand } from './rate-limits.js';
import {
  type Ahead,
  type CountedVerdict,
  RateCounter,
  SlicedRateLimits,
} from './sliced-rate-limits.js';

class HandClock extends Clock {
  ms = 1_000_000;

  nowMs(): number {
    return this.ms;
  }
}

/** One measure that empties at its limit a minute. */
class Bucket {
  level = 0;
  private atMs = 0;

  constructor(readonly max: number) {}

  roomBeside(aside: readonly number[]): number {
    return this.max - this.level - aside.reduce((sum, one) => sum + one, 0);
  }

  leak(nowMs: number): void {
    this.level = Math.max(0, this.level - ((nowMs - this.atMs) * this.max) / 60_000);
    this.atMs = nowMs;
  }
}

/** What the counter in Redis does, in memory and by a clock that the test moves. */
class CountedHere extends RateCounter {
  calls = 0;
  readonly requests: Bucket;
  readonly tokens: Bucket;
  private readonly aside = new Map<string, RateShare & { untilMs: number }>();

  constructor(
    limits: TokenLimits,
    private readonly clock: Clock,
  ) {
    super();
    this.requests = new Bucket(limits.requestsPerMinuteMax);
    this.tokens = new Bucket(limits.tokensPerMinuteMax);
  }

  async take({ promptTokens }: RateDemand, { wanted, ended }: Ahead): Promise<CountedVerdict> {
    this.calls += 1;
    const { requests, tokens } = this;
    const nowMs = this.clock.nowMs();
    for (const bucket of [requests, tokens]) bucket.leak(nowMs);
    if (ended) this.pour(ended.id, ended.used);
    for (const [id, slice] of this.aside) if (nowMs >= slice.untilMs) this.pour(id, slice);
    const aside = [...this.aside.values()];
    const refused = { isAllowed: false, retryAfterMs: 1, isAheadGranted: false } as const;
    if (requests.roomBeside(aside.map((one) => one.requests)) < 1)
      return { ...refused, limit: 'requests_per_minute' };
    if (tokens.roomBeside(aside.map((one) => one.tokens)) <= 0)
      return { ...refused, limit: 'tokens_per_minute' };
    requests.level += 1;
    tokens.level += promptTokens;
    const all = [...aside, ...(wanted ? [wanted.size] : [])];
    const isAheadGranted =
      wanted !== undefined &&
      requests.roomBeside(all.map((one) => one.requests)) >= requests.max / 2 &&
      tokens.roomBeside(all.map((one) => one.tokens)) >= tokens.max / 2;
    if (isAheadGranted)
      this.aside.set(wanted.id, { ...wanted.size, untilMs: nowMs + wanted.untoldMsMax });
    return { isAllowed: true, isAheadGranted };
  }

  async spend(): Promise<void> {}

  private pour(id: string, share: RateShare): void {
    if (!this.aside.delete(id)) return;
    this.requests.level += share.requests;
    this.tokens.level += share.tokens;
  }
}

function market(limits: TokenLimits, replicas: number, lifeMs = 1_000) {
  const clock = new HandClock();
  const counter = new CountedHere(limits, clock);
  const routers = Array.from(
    { length: replicas },
    () => new SlicedRateLimits(counter, clock, { lifeMs, apiTokensMax: 10 }),
  );
  const take = async (replica: number, promptTokens = 1) => {
    const router = routers[replica % replicas];
    const verdict = await router?.take({ apiTokenId: 'token', limits, promptTokens });
    return verdict?.isAllowed ?? false;
  };
  return { clock, counter, take };
}

const limits = { requestsPerMinuteMax: 6_000, tokensPerMinuteMax: 600_000, concurrencyMax: 1 };

describe(SlicedRateLimits, () => {
  it('lets nobody through whom the bucket would not have, whoever is asked and whenever', async () => {
    const step = fc.record({
      replica: fc.nat(2),
      burst: fc.oneof(fc.integer({ min: 1, max: 4 }), fc.constant(1_000)),
      promptTokens: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 4_000 })),
      pauseMs: fc.oneof(fc.nat(20), fc.integer({ min: 300, max: 999 }), fc.nat(4_000)),
    });
    const property = fc.asyncProperty(
      fc.integer({ min: 120, max: 600 }),
      fc.array(step, { maxLength: 60 }),
      async (requestsPerMinuteMax, steps) => {
        const { clock, take } = market({ ...limits, requestsPerMinuteMax }, 3);
        const really = { requests: new Bucket(requestsPerMinuteMax), tokens: new Bucket(600_000) };
        for (const { replica, burst, promptTokens, pauseMs } of steps) {
          clock.ms += pauseMs;
          for (const bucket of Object.values(really)) bucket.leak(clock.ms);
          for (let count = 0; count < burst && (await take(replica, promptTokens)); count += 1) {
            expect(really.requests.level + 1).toBeLessThanOrEqual(requestsPerMinuteMax + 1e-6);
            expect(really.tokens.level).toBeLessThan(600_000);
            really.requests.level += 1;
            really.tokens.level += promptTokens;
          }
        }
      },
    );
    await fc.assert(property, { numRuns: 300 });
  });

  it('asks once a second for a token in steady use, and fills its bucket with little more than that', async () => {
    const sliced = market(limits, 1);
    const each = market(limits, 1, 0);
    for (let count = 0; count < 3_000; count += 1) {
      for (const { clock, take } of [sliced, each]) {
        clock.ms += 20;
        expect(await take(0)).toBe(true);
      }
    }
    expect(each.counter.calls).toBe(3_000);
    expect(sliced.counter.calls).toBeLessThan(70);
    const tenth = limits.requestsPerMinuteMax / 10;
    expect(sliced.counter.requests.level).toBeLessThan(each.counter.requests.level + tenth);
  });

  it('lets all of a burst through that its limit allows, and nothing more', async () => {
    const { take } = market(limits, 1);
    let allowed = 0;
    for (let count = 0; count < 10_000; count += 1) if (await take(0)) allowed += 1;
    expect(allowed).toBe(6_000);
  });

  it('asks each time for one that is seldom used, and for small rates', async () => {
    const seldom = market(limits, 1);
    const small = market({ ...limits, requestsPerMinuteMax: 60 }, 1);
    for (let count = 1; count <= 20; count += 1) {
      seldom.clock.ms += 5_000;
      small.clock.ms += 1_000;
      expect([await seldom.take(0), await small.take(0)]).toEqual([true, true]);
      expect([seldom.counter.calls, small.counter.calls]).toEqual([count, count]);
    }
  });

  it('uses nothing that was set aside when its time is over', async () => {
    const { clock, counter, take } = market(limits, 1);
    for (let count = 0; count < 5; count += 1) await take(0);
    expect(counter.calls).toBe(2);
    clock.ms += 999;
    await take(0);
    expect(counter.calls).toBe(2);
    clock.ms += 1;
    await take(0);
    expect(counter.calls).toBe(3);
  });

  it('heeds limits that were changed at once', async () => {
    const clock = new HandClock();
    const counter = new CountedHere(limits, clock);
    const router = new SlicedRateLimits(counter, clock, { lifeMs: 1_000, apiTokensMax: 10 });
    const take = (asked: TokenLimits) =>
      router.take({ apiTokenId: 'token', limits: asked, promptTokens: 1 });
    for (let count = 0; count < 5; count += 1) await take(limits);
    expect(counter.calls).toBe(2);
    await take({ ...limits, requestsPerMinuteMax: 3_000 });
    expect(counter.calls).toBe(3);
  });

  it('knows no more API tokens than it may', async () => {
    const clock = new HandClock();
    const counter = new CountedHere(limits, clock);
    const router = new SlicedRateLimits(counter, clock, { lifeMs: 1_000, apiTokensMax: 2 });
    const take = (apiTokenId: string) => router.take({ apiTokenId, limits, promptTokens: 1 });
    for (const token of ['a', 'a', 'b', 'b', 'c', 'c']) await take(token);
    const { calls } = counter;
    await take('c');
    expect(counter.calls).toBe(calls);
    await take('a');
    expect(counter.calls).toBe(calls + 1);
  });
});
