import { Injectable } from '@nestjs/common';
import { Redis } from 'ioredis';
import { faults } from '../domain/faults.js';
import {
  type RateDemand,
  RateLimits,
  type RateVerdict,
  type TokensSpent,
} from '../services/rate-limits.js';

const windowMs = 60_000;
/** How long it is remembered that a request's output was counted. */
const spentTtlMs = 3_600_000;

/**
 * A leaking bucket for requests and one for tokens, in one hash: each empties at its limit a minute, by
 * Redis's own clock. A request is taken where there is room for it in the first and any room in the second:
 * how many tokens it makes is known afterwards, and the excess is waited out by the next.
 */
const takeLua = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local requestsMax, tokensMax, tokens = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local window = tonumber(ARGV[4])
local known = redis.call('HMGET', KEYS[1], 'requests', 'tokens', 'at')
local elapsed = math.max(0, now - (tonumber(known[3]) or now))
local requestsIn = math.max(0, (tonumber(known[1]) or 0) - elapsed * requestsMax / window)
local tokensIn = math.max(0, (tonumber(known[2]) or 0) - elapsed * tokensMax / window)
if requestsIn + 1 > requestsMax then
  return {1, math.ceil((requestsIn + 1 - requestsMax) * window / requestsMax)}
end
if tokensIn >= tokensMax then
  return {2, math.ceil((tokensIn - tokensMax + 1) * window / tokensMax)}
end
requestsIn, tokensIn = requestsIn + 1, tokensIn + tokens
redis.call('HSET', KEYS[1], 'requests', string.format('%.17g', requestsIn),
  'tokens', string.format('%.17g', tokensIn), 'at', string.format('%.0f', now),
  'tokensMax', ARGV[2])
local empty = math.max(requestsIn / requestsMax, tokensIn / tokensMax) * window
redis.call('PEXPIRE', KEYS[1], string.format('%.0f', math.min(math.ceil(empty), 86400000) + 1000))
return {0, 0}
`;

/** Counts the output of requests, each once. A bucket that was emptied meanwhile begins anew with it. */
const spendLua = `
local tokens = 0
for at = 2, #KEYS do
  if redis.call('SET', KEYS[at], 1, 'NX', 'PX', ARGV[1]) then tokens = tokens + ARGV[at + 1] end
end
if tokens == 0 then return 0 end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSETNX', KEYS[1], 'at', string.format('%.0f', now))
local tokensIn = tonumber(redis.call('HINCRBYFLOAT', KEYS[1], 'tokens', tokens))
local tokensMax = tonumber(redis.call('HGET', KEYS[1], 'tokensMax')) or tokensIn
local empty = math.ceil(tokensIn / tokensMax * tonumber(ARGV[2]))
local left = redis.call('PTTL', KEYS[1])
if left < empty + 1000 then
  redis.call('PEXPIRE', KEYS[1], string.format('%.0f', math.min(empty, 86400000) + 1000))
end
return 1
`;

const scripts = {
  takeRate: { numberOfKeys: 1, lua: takeLua },
  spendTokens: { lua: spendLua },
} as const;

type ScriptedRedis = Redis & {
  takeRate(bucket: string, ...numbers: number[]): Promise<[limit: number, waitMs: number]>;
  spendTokens(keyCount: number, ...keysThenNumbers: (string | number)[]): Promise<number>;
};

export type RedisOptions = Readonly<{ url: string; timeoutMs: number }>;

/** Connects with our scripts; while the server is away, calls fail at once instead of piling up. */
export function openRedis({ url, timeoutMs }: RedisOptions): Redis {
  return new Redis(url, {
    // Calls of the same moment go out in one write.
    enableAutoPipelining: true,
    scripts,
    commandTimeout: timeoutMs,
    connectTimeout: 5_000,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (attempt) => Math.min(100 * attempt, 1_000),
  });
}

/** Rates in Redis, one round trip each. */
@Injectable()
export class RedisRateLimits extends RateLimits {
  private readonly redis: ScriptedRedis;

  constructor(redis: Redis) {
    super();
    // The client has a method for each script that it was opened with, which its type cannot know.
    this.redis = redis as ScriptedRedis;
  }

  async take({ apiTokenId, limits, promptTokens }: RateDemand): Promise<RateVerdict> {
    const { requestsPerMinuteMax, tokensPerMinuteMax } = limits;
    const [limit, retryAfterMs] = await this.redis
      .takeRate(
        bucketOf(apiTokenId),
        requestsPerMinuteMax,
        tokensPerMinuteMax,
        promptTokens,
        windowMs,
      )
      .catch(unavailable);
    if (limit === 0) return { isAllowed: true };
    const name = limit === 1 ? 'requests_per_minute' : 'tokens_per_minute';
    return { isAllowed: false, limit: name, retryAfterMs };
  }

  async spend({ apiTokenId, requests }: TokensSpent): Promise<void> {
    const bucket = bucketOf(apiTokenId);
    const keys = [bucket, ...requests.map(({ requestId }) => `${bucket}:${requestId}`)];
    const counts = requests.map(({ tokens }) => tokens);
    await this.redis
      .spendTokens(keys.length, ...keys, spentTtlMs, windowMs, ...counts)
      .catch(unavailable);
  }
}

/** The braces keep a token's entries on one shard of a cluster. */
function bucketOf(apiTokenId: string): string {
  return `aisbf:rate:{${apiTokenId}}`;
}

function unavailable(cause: unknown): never {
  throw faults.LIMITS_UNAVAILABLE({}, { cause });
}
