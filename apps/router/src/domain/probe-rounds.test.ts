import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { markets, type RandomMarket } from '../../test/random-market.js';
import { roundsOf, targetsOf, turnOf } from './probe-rounds.js';
import { probeKey } from './probe-target.js';
import { isFree } from './probing.js';

const settings = {
  installed: { models: 'on', completion: 'on' },
  intervalMs: { models: 60_000, completion: 600_000 },
  jitter: 0.1,
} as const;

describe(roundsOf, () => {
  it('has both rounds of each provider that is on, within its jitter, and the same each time', () => {
    fc.assert(
      fc.property(markets, ({ catalogue }) => {
        const rounds = roundsOf(catalogue, settings);
        expect(roundsOf(catalogue, settings)).toEqual(rounds);
        const isOn = catalogue.providers.filter(({ isEnabled }) => isEnabled);
        expect(rounds.size).toBe(2 * isOn.length);
        for (const { kind, providerId, everyMs } of rounds.values()) {
          expect(catalogue.providerById.get(providerId)?.isEnabled).toBe(true);
          const ms = settings.intervalMs[kind];
          expect(Math.abs(everyMs - ms)).toBeLessThanOrEqual(ms * settings.jitter);
        }
      }),
    );
  });

  it('has none where nothing is to be probed', () => {
    fc.assert(
      fc.property(markets, ({ catalogue }) => {
        const installed = { models: 'off', completion: 'doubtful' } as const;
        expect(roundsOf(catalogue, { ...settings, installed }).size).toBe(0);
      }),
    );
  });
});

/** Each provider of a market as its round finds it, and what the round could ask. */
function scenesOf({ catalogue, sessions }: RandomMarket, kind: 'models' | 'completion') {
  return catalogue.providers.map((provider) => {
    const own = sessions
      .filter(({ providerId }) => providerId === provider.id)
      .map((session) => ({ session, brokerId: 'b', brokerUrl: 'http://127.0.0.1:9' }));
    const targets = targetsOf(kind, { provider, catalogue, sessions: own, nowMs: 1_000_000 });
    const asked = targets.map(({ sessionId }) =>
      own.find(({ session }) => session.sessionId === sessionId),
    );
    return { provider, targets, asked: asked.map((one) => one?.session) };
  });
}
const kinds = fc.constantFrom('models' as const, 'completion' as const);

describe(targetsOf, () => {
  it('asks what the provider has and nobody else, each once', () => {
    fc.assert(
      fc.property(markets, kinds, (market, kind) => {
        for (const { provider, targets } of scenesOf(market, kind)) {
          expect(new Set(targets.map(probeKey)).size).toBe(targets.length);
          expect(targets.every(({ providerId }) => providerId === provider.id)).toBe(true);
          expect(targets.every(({ model }) => (model === null) === (kind === 'models'))).toBe(true);
        }
      }),
    );
  });

  it('asks workers that have room, and hosted providers whose credential can be read', () => {
    fc.assert(
      fc.property(markets, kinds, (market, kind) => {
        for (const { provider, targets, asked } of scenesOf(market, kind)) {
          if (provider.source.kind === 'coderai') {
            expect(asked.every((session) => session && isFree(session))).toBe(true);
          } else if (provider.source.headers === null) expect(targets).toEqual([]);
          else expect(targets.every(({ sessionId }) => sessionId === null)).toBe(true);
        }
      }),
    );
  });
});

describe(turnOf, () => {
  it('gets to everybody in turn', () => {
    const count = fc.integer({ min: 1, max: 40 });
    fc.assert(
      fc.property(count, fc.integer({ min: 1, max: 8 }), (targetCount, countMax) => {
        const targets = Array.from({ length: targetCount }, (_, at) => {
          return { kind: 'completion', providerId: 'p', sessionId: null, model: `m${at}` } as const;
        });
        const lastAtMs = new Map<string, number>();
        const rounds = Math.ceil(targetCount / countMax);
        for (let round = 1; round <= rounds; round += 1) {
          const turn = turnOf(targets, (one) => lastAtMs.get(probeKey(one)) ?? 0, countMax);
          expect(turn.length).toBe(Math.min(countMax, targetCount));
          for (const target of turn) lastAtMs.set(probeKey(target), round);
        }
        expect(lastAtMs.size).toBe(targetCount);
      }),
    );
  });
});
