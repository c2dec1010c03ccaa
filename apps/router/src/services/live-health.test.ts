import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { healthKey } from '../domain/health.js';
import { HealthSettings, LiveHealth } from './live-health.js';

const settings = new HealthSettings(
  { baseMs: 100, maxMs: 1_000, retryAfterMsMax: 1_000, recentMax: 4, recentRestMs: 1_000 },
  100,
  3,
);
const ends = fc.array(
  fc.record({
    providerId: fc.constantFrom('a', 'b', 'c'),
    model: fc.constantFrom('m', 'n'),
    sessionId: fc.constantFrom(null, 's', 't'),
    isSuccess: fc.boolean(),
  }),
);

describe(LiveHealth, () => {
  it('knows of which providers it remembers anything, also when it forgets', () => {
    fc.assert(
      fc.property(ends, (all) => {
        const health = new LiveHealth(settings);
        for (const [atMs, end] of all.entries()) {
          health.onAttemptEnded({
            ...{ type: 'attempt-ended', ...end, reason: null, retryAfterMs: null },
            ...{ firstByteMs: null, atMs },
          });
        }
        for (const providerId of ['a', 'b', 'c']) {
          const keys = ['m', 'n'].flatMap((model) =>
            [null, 's', 't'].map((sessionId) => healthKey(providerId, model, sessionId)),
          );
          const isRemembered = keys.some((key) => health.cooldownOf(key) !== undefined);
          expect(health.hasCooldowns(providerId)).toBe(isRemembered);
        }
        expect(health.size).toBeLessThanOrEqual(3);
      }),
    );
  });
});
