import { randomUUID } from 'node:crypto';
import type { AttemptEnded, RequestFacts } from '@aisbf/contracts';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { planSettings } from '../../test/random-market.js';
import { type Catalogue, indexCatalogue, type Provider } from '../domain/catalogue.js';
import { plan } from '../domain/plan.js';
import { healthKeyOf, type Upstream } from '../domain/upstream.js';
import { randomFromSeed } from '../domain/weighted-order.js';
import { HealthSettings, LiveHealth } from './live-health.js';

const ownerId = randomUUID();
const weights = { a: 5, b: 3, c: 2 } as const;
type Member = keyof typeof weights;
const names = Object.keys(weights) as Member[];
const replicas = 3;
const outMs = 20_000;
const outliers = { endsMin: 20, shortfall: 0.3, shareMax: 0.5, outMs };

/** As the settings' defaults have it. */
const healthSettings = new HealthSettings(
  {
    baseMs: 2_000,
    maxMs: 20_000,
    retryAfterMsMax: 600_000,
    recentMax: outliers.endsMin,
    recentRestMs: outMs,
  },
  5_000,
  1_000,
);

function catalogueOf(): Catalogue {
  const providers = names.map(
    (name): Provider => ({
      id: name,
      ownerId,
      username: 'sam',
      name,
      isEnabled: true,
      createdAtMs: 0,
      data: { isCollected: null, isRetained: null, region: null },
      source: {
        kind: 'openai',
        baseUrl: 'https://upstream.example/v1',
        headers: {},
        models: new Map([['m', 'm']]),
      },
    }),
  );
  const members = names.map((name) => ({
    target: { kind: 'model' as const, providerId: name, model: 'm' },
    weight: weights[name],
    priority: 0,
  }));
  const limits = { attemptsMax: null, firstByteMs: null, totalMs: null, hedgeAfterMs: null };
  const rotation = { id: 'r', ownerId, username: 'sam', name: 'mix', createdAtMs: 0 };
  return indexCatalogue({
    revision: 1,
    providers,
    listings: [],
    rotations: [{ ...rotation, members, limits }],
    usageChecks: [],
    sellerFees: new Map(),
  });
}

const facts: RequestFacts = {
  endpoint: 'chat.completions',
  route: 'rotation/mix',
  isStream: false,
  bodyBytes: 100,
  promptTokens: 10,
  outputTokensMax: 10,
  choices: 1,
};

/** A pool behind three replicas that hear the same, one request after the other, by a clock of its own. */
class Pool {
  nowMs = 1_000_000;
  readonly attempts: { member: Member; atMs: number }[] = [];
  private readonly health = Array.from({ length: replicas }, () => new LiveHealth(healthSettings));
  private readonly catalogue = catalogueOf();
  private requests = 0;

  constructor(private readonly serves: (member: Member, nowMs: number, dice: number) => boolean) {}

  /** Requests come evenly until then. */
  run(untilMs: number, everyMs: number): void {
    for (; this.nowMs < untilMs; this.nowMs += everyMs) this.request();
  }

  /** How many of the attempts since then went to it. */
  countOf(member: Member, sinceMs: number): number {
    return this.attempts.filter((one) => one.member === member && one.atMs >= sinceMs).length;
  }

  /** Who would be asked first, now, over so many requests; nothing is asked. */
  draw(count: number): Record<Member, number> {
    const drawn = { a: 0, b: 0, c: 0 };
    for (let at = 0; at < count; at += 1) {
      const [first] = this.plan(`draw ${at}`, at % replicas).candidates;
      if (first) drawn[first.offer.provider.id as Member] += 1;
    }
    return drawn;
  }

  private request(): void {
    this.requests += 1;
    const at = this.requests % replicas;
    const { candidates, trial } = this.plan(`request ${this.requests}`, at);
    if (trial !== undefined) this.health[at]?.beginTrial(trial, this.nowMs);
    const dice = randomFromSeed(`dice ${this.requests}`);
    for (const candidate of candidates) {
      const member = candidate.offer.provider.id as Member;
      const isSuccess = this.serves(member, this.nowMs, dice(''));
      this.attempts.push({ member, atMs: this.nowMs });
      for (const each of this.health) each.onAttemptEnded(this.ended(candidate, isSuccess));
      if (isSuccess) return;
    }
  }

  private plan(seed: string, at: number) {
    const health = this.health[at];
    return plan({
      facts,
      buyer: { ownerId },
      catalogue: this.catalogue,
      around: {
        sessionsOf: () => [],
        cooldownOf: (key) => health?.cooldownOf(key),
        paceOf: () => undefined,
        nowMs: this.nowMs,
      },
      random: randomFromSeed(seed),
      usualOutputOf: () => undefined,
      settings: { ...planSettings, outliers },
    });
  }

  private ended(candidate: Upstream, isSuccess: boolean): AttemptEnded {
    const [providerId = '', sessionId, model = ''] = healthKeyOf(candidate).split('\n');
    return {
      type: 'attempt-ended',
      providerId,
      model,
      sessionId: sessionId || null,
      isSuccess,
      reason: null,
      retryAfterMs: null,
      firstByteMs: null,
      atMs: this.nowMs,
    };
  }
}

/** Above this the shares would come out so by chance once in a hundred times (two degrees of freedom). */
const chiSquareMax = 9.21;

function chiSquare(drawn: Record<Member, number>): number {
  const total = names.reduce((sum, name) => sum + drawn[name], 0);
  return names.reduce((sum, name) => {
    const expected = (total * weights[name]) / 10;
    return sum + (drawn[name] - expected) ** 2 / expected;
  }, 0);
}

describe('a pool with a member that fails', () => {
  const brokenFromMs = 1_060_000;
  const wellFromMs = 1_180_000;
  let pool: Pool;

  beforeEach(() => {
    pool = new Pool((member, nowMs) => {
      return member !== 'a' || nowMs < brokenFromMs || nowMs >= wellFromMs;
    });
  });

  it('draws by weight while all are well', () => {
    pool.run(brokenFromMs, 50);
    expect(chiSquare(pool.draw(10_000))).toBeLessThan(chiSquareMax);
  });

  it('costs few attempts while it is broken: one trial of each replica, further and further apart', () => {
    pool.run(wellFromMs, 20);
    const tried = pool.countOf('a', brokenFromMs);
    // Of 6,000 requests it would have had 3,000. Cooldowns of 2, 4, 8, 16, 20 … seconds are nine in two minutes.
    expect(tried).toBeLessThanOrEqual(replicas * 12);
    expect(tried).toBeGreaterThan(3);
  });

  it('has its weight again within 30 seconds of being well, to within 5 percent', () => {
    pool.run(wellFromMs, 50);
    pool.run(wellFromMs + 30_000, 50);
    const drawn = pool.draw(10_000);
    expect(chiSquare(drawn)).toBeLessThan(chiSquareMax);
    for (const name of names) {
      const target = (10_000 * weights[name]) / 10;
      expect(Math.abs(drawn[name] - target)).toBeLessThanOrEqual(target * 0.05);
    }
  });

  it('gets hardly anything while it fails half of the time, and its weight when that is over', () => {
    const flaky = new Pool((member, nowMs, dice) => {
      return member !== 'a' || nowMs >= wellFromMs || dice < 0.5;
    });
    flaky.run(wellFromMs, 50);
    const share = flaky.countOf('a', brokenFromMs) / ((wellFromMs - brokenFromMs) / 50);
    expect(share).toBeLessThan(0.2);
    flaky.run(wellFromMs + 60_000, 50);
    expect(chiSquare(flaky.draw(10_000))).toBeLessThan(chiSquareMax);
  });
});
