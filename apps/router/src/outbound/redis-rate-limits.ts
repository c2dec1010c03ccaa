import { Injectable } from '@nestjs/common';
import { Redis } from 'ioredis';
import { faults } from '../domain/faults.js';
import type { RateDemand, TokensSpent } from '../services/rate-limits.js';
import { type Ahead, type CountedVerdict, RateCounter } from '../services/sliced-rate-limits.js';

const windowMs = 60_000;
/** How long it is remembered that a request's output was counted. */
const spentTtlMs = 3_600_000;

/**
 * A leaking bucket for requests and one for tokens, in one hash: each empties at its limit a minute, by
 * Redis's own clock. A request is taken where there is room for it in the first and any room in the second:
 * how many tokens it makes is known afterwards, and the excess is waited out by the next.
 *
 * A second hash holds what was set aside for requests to come: nobody else has that room, until what was used of it is
 * told and poured in. What nobody tells of in time is poured in whole.
 */
const takeLua = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local requestsMax, tokensMax, tokens = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local window = tonumber(ARGV[4])
local wanted, wantedRequests, wantedTokens = ARGV[5], tonumber(ARGV[6]), tonumber(ARGV[7])
local untoldMax = tonumber(ARGV[8])
local ended, usedRequests, usedTokens = ARGV[9], tonumber(ARGV[10]), tonumber(ARGV[11])
local known = redis.call('HMGET', KEYS[1], 'requests', 'tokens', 'at')
local elapsed = math.max(0, now - (tonumber(known[3]) or now))
local requestsIn = math.max(0, (tonumber(known[1]) or 0) - elapsed * requestsMax / window)
local tokensIn = math.max(0, (tonumber(known[2]) or 0) - elapsed * tokensMax / window)
local requestsAside, tokensAside = 0, 0
local aside = redis.call('HGETALL', KEYS[2])
for at = 1, #aside, 2 do
  local slice = cjson.decode(aside[at + 1])
  local isEnded = aside[at] == ended
  if isEnded or now >= slice[3] then
    requestsIn = requestsIn + (isEnded and usedRequests or slice[1])
    tokensIn = tokensIn + (isEnded and usedTokens or slice[2])
    redis.call('HDEL', KEYS[2], aside[at])
  else
    requestsAside, tokensAside = requestsAside + slice[1], tokensAside + slice[2]
  end
end
local function keep()
  redis.call('HSET', KEYS[1], 'requests', string.format('%.17g', requestsIn),
    'tokens', string.format('%.17g', tokensIn), 'at', string.format('%.0f', now),
    'tokensMax', ARGV[2])
  local empty = math.max(requestsIn / requestsMax, tokensIn / tokensMax) * window
  redis.call('PEXPIRE', KEYS[1], string.format('%.0f', math.min(math.ceil(empty), 86400000) + 1000))
end
local requestsOver = requestsIn + requestsAside + 1 - requestsMax
local tokensOver = tokensIn + tokensAside - tokensMax
if (requestsOver > 0 or tokensOver >= 0) and #aside > 0 then keep() end
if requestsOver > 0 then return {1, math.ceil(requestsOver * window / requestsMax), 0} end
if tokensOver >= 0 then return {2, math.ceil((tokensOver + 1) * window / tokensMax), 0} end
requestsIn, tokensIn = requestsIn + 1, tokensIn + tokens
keep()
requestsAside, tokensAside = requestsAside + wantedRequests, tokensAside + wantedTokens
if wanted == '' or (requestsIn + requestsAside) * 2 > requestsMax or (tokensIn + tokensAside) * 2 > tokensMax then
  return {0, 0, 0}
end
redis.call('HSET', KEYS[2], wanted, cjson.encode({wantedRequests, wantedTokens, now + untoldMax}))
redis.call('PEXPIRE', KEYS[2], untoldMax + window)
return {0, 0, 1}
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
  takeRate: { numberOfKeys: 2, lua: takeLua },
  spendTokens: { lua: spendLua },
} as const;

type ScriptedRedis = Redis & {
  takeRate(
    ...keysThenArguments: (string | number)[]
  ): Promise<[limit: number, waitMs: number, isAhead: number]>;
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
export class RedisRateLimits extends RateCounter {
  private readonly redis: ScriptedRedis;

  constructor(redis: Redis) {
    super();
    // The client has a method for each script that it was opened with, which its type cannot know.
    this.redis = redis as ScriptedRedis;
  }

  async take(
    { apiTokenId, limits, promptTokens }: RateDemand,
    { wanted, ended }: Ahead = {},
  ): Promise<CountedVerdict> {
    const { requestsPerMinuteMax, tokensPerMinuteMax } = limits;
    const bucket = bucketOf(apiTokenId);
    const [limit, retryAfterMs, isAhead] = await this.redis
      .takeRate(
        ...[bucket, `${bucket}:aside`],
        ...[requestsPerMinuteMax, tokensPerMinuteMax, promptTokens, windowMs],
        ...[wanted?.id ?? '', wanted?.size.requests ?? 0, wanted?.size.tokens ?? 0],
        wanted?.untoldMsMax ?? 0,
        ...[ended?.id ?? '', ended?.used.requests ?? 0, ended?.used.tokens ?? 0],
      )
      .catch(unavailable);
    if (limit === 0) return { isAllowed: true, isAheadGranted: isAhead === 1 };
    const name = limit === 1 ? 'requests_per_minute' : 'tokens_per_minute';
    return { isAllowed: false, limit: name, retryAfterMs, isAheadGranted: false };
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
