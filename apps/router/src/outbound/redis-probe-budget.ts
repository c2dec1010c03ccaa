import { Redis } from 'ioredis';
import { ProbeBudget, type ProbeCost, type ProbesSpent } from '../services/probe-budget.js';

export type ProbeLimits = Readonly<{
  providerDayMax: number;
  ownerDayMax: number;
  ownerTokensDayMax: number;
}>;

const dayMs = 86_400_000;

/**
 * What an owner's probes have cost on one day, in one hash: `probes`, `tokens`, and for each provider its own probes.
 * Takes of all of them or of none. The day is that of Redis, so that replicas agree on it.
 */
const takeLua = `
local day = math.floor(redis.call('TIME')[1] / 86400)
local name = KEYS[1] .. ':' .. day
local tokens = tonumber(ARGV[2])
local known = redis.call('HMGET', name, 'probes', 'tokens', ARGV[1])
local probes, spent, own = tonumber(known[1]) or 0, tonumber(known[2]) or 0, tonumber(known[3]) or 0
if tokens < 0 then return {probes, spent, own} end
if own + 1 > tonumber(ARGV[3]) or probes + 1 > tonumber(ARGV[4]) or spent + tokens > tonumber(ARGV[5]) then
  return 0
end
redis.call('HINCRBY', name, 'probes', 1)
redis.call('HINCRBY', name, 'tokens', tokens)
redis.call('HINCRBY', name, ARGV[1], 1)
redis.call('PEXPIRE', name, ARGV[6])
return 1
`;

type ScriptedRedis = Redis & {
  takeProbe(owner: string, providerId: string, ...numbers: number[]): Promise<number | number[]>;
};

/** Only asks. */
const nothing = -1;

/** Budgets in Redis, one round trip each. */
export class RedisProbeBudget extends ProbeBudget {
  private readonly redis: ScriptedRedis;

  constructor(
    redis: Redis,
    private readonly limits: ProbeLimits,
  ) {
    super();
    redis.defineCommand('takeProbe', { numberOfKeys: 1, lua: takeLua });
    // The client has a method for each command that was defined, which its type cannot know.
    this.redis = redis as ScriptedRedis;
  }

  async take({ ownerId, providerId, tokens }: ProbeCost): Promise<boolean> {
    return (await this.ask(ownerId, providerId, tokens)) === 1;
  }

  async spentOf({ ownerId, providerId }: Omit<ProbeCost, 'tokens'>): Promise<ProbesSpent> {
    const counts = await this.ask(ownerId, providerId, nothing);
    const [probes = 0, tokens = 0, own = 0] = Array.isArray(counts) ? counts : [];
    const { providerDayMax, ownerDayMax, ownerTokensDayMax } = this.limits;
    return {
      probes: { used: own, max: providerDayMax },
      ownerProbes: { used: probes, max: ownerDayMax },
      ownerTokens: { used: tokens, max: ownerTokensDayMax },
    };
  }

  private ask(ownerId: string, providerId: string, tokens: number): Promise<number | number[]> {
    const { providerDayMax, ownerDayMax, ownerTokensDayMax } = this.limits;
    return this.redis.takeProbe(
      `aisbf:probes:{${ownerId}}`,
      providerId,
      tokens,
      providerDayMax,
      ownerDayMax,
      ownerTokensDayMax,
      // The day may just have begun.
      2 * dayMs,
    );
  }
}
