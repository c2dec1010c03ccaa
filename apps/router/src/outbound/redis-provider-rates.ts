import { Injectable } from '@nestjs/common';
import { Redis } from 'ioredis';
import { faults } from '../domain/faults.js';
import {
  type ProviderDemand,
  ProviderRates,
  type ProviderVerdict,
} from '../services/provider-rates.js';

const windowMs = 60_000;

/**
 * Leaking buckets as those of API tokens (see `redis-rate-limits.ts`), the buyer's and the total, at once: both have room,
 * or neither is filled. A limit of 0 is none.
 */
const takeLua = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local tokens, window = tonumber(ARGV[5]), tonumber(ARGV[6])
local wait, after = 0, {}
for i = 1, 2 do
  local requestsMax, tokensMax = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  local known = redis.call('HMGET', KEYS[i], 'requests', 'tokens', 'at')
  local elapsed = math.max(0, now - (tonumber(known[3]) or now))
  local requestsIn, tokensIn, empty = 0, 0, 0
  if requestsMax > 0 then
    requestsIn = math.max(0, (tonumber(known[1]) or 0) - elapsed * requestsMax / window) + 1
    empty = requestsIn / requestsMax
    if requestsIn > requestsMax then
      wait = math.max(wait, math.ceil((requestsIn - requestsMax) * window / requestsMax))
    end
  end
  if tokensMax > 0 then
    tokensIn = math.max(0, (tonumber(known[2]) or 0) - elapsed * tokensMax / window)
    if tokensIn >= tokensMax then
      wait = math.max(wait, math.ceil((tokensIn - tokensMax + 1) * window / tokensMax))
    end
    tokensIn = tokensIn + tokens
    empty = math.max(empty, tokensIn / tokensMax)
  end
  after[i] = {requestsIn, tokensIn, empty * window}
end
if wait > 0 then return wait end
for i = 1, 2 do
  if after[i][3] > 0 then
    redis.call('HSET', KEYS[i], 'requests', string.format('%.17g', after[i][1]),
      'tokens', string.format('%.17g', after[i][2]), 'at', string.format('%.0f', now))
    redis.call('PEXPIRE', KEYS[i], string.format('%.0f', math.min(math.ceil(after[i][3]), 86400000) + 1000))
  end
end
return 0
`;

/** Changes both buckets by so much, where they have not emptied meanwhile. */
const changeLua = `
local requests, tokens, window = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
for i = 1, 2 do
  local tokensMax = tonumber(ARGV[i])
  if redis.call('EXISTS', KEYS[i]) == 1 then
    local requestsIn = tonumber(redis.call('HGET', KEYS[i], 'requests')) or 0
    redis.call('HSET', KEYS[i], 'requests', string.format('%.17g', math.max(0, requestsIn + requests)))
    if tokensMax > 0 then
      local tokensIn = math.max(0, (tonumber(redis.call('HGET', KEYS[i], 'tokens')) or 0) + tokens)
      redis.call('HSET', KEYS[i], 'tokens', string.format('%.17g', tokensIn))
      local empty = math.min(math.ceil(tokensIn / tokensMax * window), 86400000)
      if redis.call('PTTL', KEYS[i]) < empty + 1000 then
        redis.call('PEXPIRE', KEYS[i], string.format('%.0f', empty + 1000))
      end
    end
  end
end
return 0
`;

type ScriptedRedis = Redis & {
  takeProviderRate(buyer: string, total: string, ...numbers: number[]): Promise<number>;
  changeProviderRate(buyer: string, total: string, ...numbers: number[]): Promise<number>;
};

/** Owners' rates in Redis, one round trip each. */
@Injectable()
export class RedisProviderRates extends ProviderRates {
  private readonly redis: ScriptedRedis;

  constructor(redis: Redis) {
    super();
    redis.defineCommand('takeProviderRate', { numberOfKeys: 2, lua: takeLua });
    redis.defineCommand('changeProviderRate', { numberOfKeys: 2, lua: changeLua });
    // The client has a method for each command that was defined, which its type cannot know.
    this.redis = redis as ScriptedRedis;
  }

  async take(demand: ProviderDemand): Promise<ProviderVerdict> {
    const { buyerRates, rates, promptTokens } = demand;
    const waitMs = await this.redis
      .takeProviderRate(
        ...bucketsOf(demand),
        buyerRates.requestsPerMinuteMax ?? 0,
        buyerRates.tokensPerMinuteMax ?? 0,
        rates.requestsPerMinuteMax ?? 0,
        rates.tokensPerMinuteMax ?? 0,
        promptTokens,
        windowMs,
      )
      .catch(unavailable);
    return waitMs === 0 ? { isAllowed: true } : { isAllowed: false, retryAfterMs: waitMs };
  }

  giveBack(demand: ProviderDemand): Promise<void> {
    return this.change(demand, { requests: -1, tokens: -demand.promptTokens });
  }

  spend(demand: ProviderDemand, tokens: number): Promise<void> {
    return this.change(demand, { requests: 0, tokens });
  }

  private async change(
    demand: ProviderDemand,
    { requests, tokens }: Readonly<{ requests: number; tokens: number }>,
  ): Promise<void> {
    await this.redis
      .changeProviderRate(
        ...bucketsOf(demand),
        demand.buyerRates.tokensPerMinuteMax ?? 0,
        demand.rates.tokensPerMinuteMax ?? 0,
        requests,
        tokens,
        windowMs,
      )
      .catch(unavailable);
  }
}

/** The braces keep a provider's entries on one shard of a cluster. */
function bucketsOf({ providerId, buyerOwnerId }: ProviderDemand): [buyer: string, total: string] {
  const total = `aisbf:provider-rate:{${providerId}}`;
  return [`${total}:${buyerOwnerId}`, total];
}

function unavailable(cause: unknown): never {
  throw faults.LIMITS_UNAVAILABLE({}, { cause });
}
