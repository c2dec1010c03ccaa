import { randomUUID } from 'node:crypto';
import type { TokenLimits } from '@aisbf/contracts';
import { redisUrl } from '@aisbf/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import { openRedis, RedisRateLimits } from '../src/outbound/redis-rate-limits.js';
import type { Ahead } from '../src/services/sliced-rate-limits.js';

let redis: Redis;
let rates: RedisRateLimits;

beforeAll(async () => {
  redis = openRedis({ url: await redisUrl(), timeoutMs: 2_000 });
  await new Promise((resolve) => redis.once('ready', resolve));
  rates = new RedisRateLimits(redis);
});

afterAll(() => redis.disconnect());

const token = (limits: Partial<TokenLimits>) => {
  const apiTokenId = randomUUID();
  const all = {
    requestsPerMinuteMax: 1_000_000,
    tokensPerMinuteMax: 1_000_000_000_000,
    concurrencyMax: 1,
    ...limits,
  };
  return {
    apiTokenId,
    take: (promptTokens = 1) => rates.take({ apiTokenId, limits: all, promptTokens }),
    takeAhead: (ahead: Ahead) => rates.take({ apiTokenId, limits: all, promptTokens: 1 }, ahead),
    level: async () => Number(await redis.hget(`aisbf:rate:{${apiTokenId}}`, 'requests')),
    spend: (requestId: string, tokens: number) =>
      rates.spend({ apiTokenId, requests: [{ requestId, tokens }] }),
    /** As if this much time had passed. */
    wait: async (ms: number) => {
      const bucket = `aisbf:rate:{${apiTokenId}}`;
      const at = Number(await redis.hget(bucket, 'at'));
      await redis.hset(bucket, 'at', at - ms);
    },
  };
};

describe('RedisRateLimits', () => {
  it('lets exactly as many through as the limit, however many race', async () => {
    // So slow that none comes back while the test runs.
    const { take } = token({ requestsPerMinuteMax: 5 });
    const verdicts = await Promise.all(Array.from({ length: 50 }, () => take()));
    expect(verdicts.filter(({ isAllowed }) => isAllowed).length).toBe(5);
    for (const verdict of verdicts) {
      if (verdict.isAllowed) continue;
      expect(verdict.limit).toBe('requests_per_minute');
      expect(verdict.retryAfterMs).toBeGreaterThan(0);
      expect(verdict.retryAfterMs).toBeLessThanOrEqual(12_000);
    }
  });

  it('lets the next one through after the time it named, and not before', async () => {
    const { take, wait } = token({ requestsPerMinuteMax: 2 });
    await take();
    await take();
    const verdict = await take();
    const waitMs = verdict.isAllowed ? 0 : verdict.retryAfterMs;
    await wait(waitMs - 5_000);
    expect((await take()).isAllowed).toBe(false);
    await wait(5_000);
    expect((await take()).isAllowed).toBe(true);
    expect((await take()).isAllowed).toBe(false);
  });

  it('takes nothing for what it refuses', async () => {
    const { take, wait } = token({ requestsPerMinuteMax: 1 });
    await take();
    for (let count = 0; count < 20; count += 1) await take();
    await wait(60_000);
    expect((await take()).isAllowed).toBe(true);
  });

  it('admits a large request where there is room, and has the next one wait for it', async () => {
    const { take, wait } = token({ tokensPerMinuteMax: 1_000 });
    expect((await take(5_000)).isAllowed).toBe(true);
    const verdict = await take(1);
    expect(verdict).toMatchObject({ isAllowed: false, limit: 'tokens_per_minute' });
    const waitMs = verdict.isAllowed ? 0 : verdict.retryAfterMs;
    expect(waitMs).toBeGreaterThan(235_000);
    expect(waitMs).toBeLessThan(241_000);
    await wait(waitMs);
    expect((await take(1)).isAllowed).toBe(true);
  });

  it('counts what a request produced, once', async () => {
    const { take, spend } = token({ tokensPerMinuteMax: 1_000 });
    await take(10);
    await spend('req_1', 600);
    await spend('req_1', 600);
    expect((await take(10)).isAllowed).toBe(true);
    await spend('req_2', 600);
    expect((await take(10)).isAllowed).toBe(false);
  });

  it('keeps API tokens apart and leaves nothing behind for ever', async () => {
    const [one, two] = [token({ requestsPerMinuteMax: 1 }), token({ requestsPerMinuteMax: 1 })];
    await one.take();
    await one.spend('req_1', 5);
    expect((await two.take()).isAllowed).toBe(true);
    for (const key of await redis.keys('aisbf:rate:*')) {
      expect(await redis.pttl(key)).toBeGreaterThan(0);
    }
  });

  it('follows a limit that is changed meanwhile', async () => {
    const { apiTokenId } = token({});
    const take = (requestsPerMinuteMax: number) =>
      rates.take({
        apiTokenId,
        limits: { requestsPerMinuteMax, tokensPerMinuteMax: 1_000, concurrencyMax: 1 },
        promptTokens: 1,
      });
    for (let count = 0; count < 3; count += 1) await take(3);
    expect((await take(3)).isAllowed).toBe(false);
    expect((await take(10)).isAllowed).toBe(true);
  });

  it('sets something aside for one router, up to half of a bucket, and lets nobody else have it', async () => {
    const { takeAhead, take } = token({ requestsPerMinuteMax: 10, tokensPerMinuteMax: 1_000 });
    const wish = (id: string, requests: number, tokens: number) =>
      takeAhead({ wanted: { id, size: { requests, tokens }, untoldMsMax: 600_000 } });
    expect(await wish('a', 4, 600)).toMatchObject({ isAllowed: true, isAheadGranted: false });
    expect(await wish('b', 3, 400)).toMatchObject({ isAllowed: true, isAheadGranted: true });
    expect(await wish('c', 1, 1)).toMatchObject({ isAllowed: true, isAheadGranted: false });
    const verdicts = await Promise.all(Array.from({ length: 10 }, () => take()));
    expect(verdicts.filter(({ isAllowed }) => isAllowed)).toHaveLength(4);
  });

  it('counts what was used of it when it is told, once', async () => {
    const { takeAhead, level } = token({ requestsPerMinuteMax: 100 });
    const size = { requests: 30, tokens: 10 };
    await takeAhead({ wanted: { id: 'a', size, untoldMsMax: 600_000 } });
    const ended = { id: 'a', used: { requests: 10, tokens: 10 } };
    for (let count = 0; count < 3; count += 1) await takeAhead({ ended });
    expect(await level()).toBeGreaterThan(13);
    expect(await level()).toBeLessThanOrEqual(14);
  });

  it('takes for used up what nobody has told of in time', async () => {
    const { takeAhead, take, level } = token({ requestsPerMinuteMax: 100 });
    const size = { requests: 30, tokens: 10 };
    await takeAhead({ wanted: { id: 'a', size, untoldMsMax: 0 } });
    await take();
    expect(await level()).toBeGreaterThan(31);
    await takeAhead({ ended: { id: 'a', used: { requests: 1, tokens: 1 } } });
    expect(await level()).toBeLessThanOrEqual(33);
  });

  it('counts what was used of it where the bucket is full too', async () => {
    const { takeAhead, take, level } = token({ requestsPerMinuteMax: 4 });
    const size = { requests: 1, tokens: 1 };
    await takeAhead({ wanted: { id: 'a', size, untoldMsMax: 600_000 } });
    expect([await take(), await take()]).toMatchObject([{ isAllowed: true }, { isAllowed: true }]);
    expect((await take()).isAllowed).toBe(false);
    expect((await takeAhead({ ended: { id: 'a', used: size } })).isAllowed).toBe(false);
    expect(await level()).toBeGreaterThan(3.5);
  });

  it('says that it cannot count when Redis is away', async () => {
    const gone = openRedis({ url: 'redis://127.0.0.1:1', timeoutMs: 100 });
    gone.on('error', () => undefined);
    const limits = { requestsPerMinuteMax: 1, tokensPerMinuteMax: 1, concurrencyMax: 1 };
    const demand = { apiTokenId: randomUUID(), limits, promptTokens: 1 };
    await expect(new RedisRateLimits(gone).take(demand)).rejects.toMatchObject({
      code: 'LIMITS_UNAVAILABLE',
    });
    gone.disconnect();
  });
});
