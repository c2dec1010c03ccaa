import type { SessionPresence } from '@aisbf/contracts';
import { Fault } from '@aisbf/faults';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { indexCatalogue } from '../src/domain/catalogue.js';
import { randomFromSeed } from '../src/domain/weighted-order.js';
import { considered, type PlanCase, type Planner } from './plan-case.js';
import { presenceOf } from './random-market.js';
import { ownerIdOf, usernames } from './random-names.js';
import { seededPlans, studioPaths } from './random-plan.js';
import { moments, nowMs } from './random-schedule.js';

/** As it was before, so that what was kept then is asked for; now and then something else. */
function mostly<Value>(usual: Value, other: fc.Arbitrary<Value>): fc.Arbitrary<Value> {
  return fc.oneof({ weight: 3, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: other });
}

/** What may be different in the next request: who asks, when, what the fee is, by what, in a batch or not, and how long. */
const turns = fc.array(
  fc.record({
    atMs: mostly(nowMs, moments),
    ownerId: mostly('carl', fc.constantFrom(...usernames)).map(ownerIdOf),
    feeBpsDefault: mostly(500, fc.constant(700)),
    promptTokens: mostly(0, fc.constantFrom(499, 501, 10_000)),
    bodyBytes: mostly(100, fc.constant(5_000)),
    endpoint: mostly('chat.completions', fc.constantFrom('responses', 'embeddings', 'studio')),
    studioPath: studioPaths,
    isBatch: fc.boolean(),
    isDeferred: fc.boolean(),
    /** Which worker has news before it. */
    changed: fc.nat({ max: 20 }),
  }),
  { minLength: 2, maxLength: 6 },
);

function planned(one: PlanCase, seed: string, planner: Planner) {
  const found = considered(one, randomFromSeed(seed), planner);
  return found instanceof Fault ? found.toData() : { ...found, refused: found.refused?.toData() };
}

/** Busier, or draining, or of another model. */
function withNews(sessions: readonly SessionPresence[], at: number): readonly SessionPresence[] {
  return sessions.map((session, place) => {
    if (place !== at % sessions.length) return session;
    if (at % 3 === 0) return { ...session, state: 'draining' as const };
    if (at % 3 === 1) return { ...session, inFlight: session.inFlightMax, queued: at };
    return { ...session, models: session.models.slice(1) };
  });
}

describe('a plan', () => {
  it('is the same whatever was planned before with the same catalogue and the same workers', () => {
    let plans = 0;
    fc.assert(
      fc.property(seededPlans, turns, ({ one, seed }, requests) => {
        const catalogue = indexCatalogue(one.catalogue);
        const presence = presenceOf(one.sessions);
        let { sessions } = one;
        let sequence = 0;
        for (const { atMs, ownerId, feeBpsDefault, changed, ...sizes } of requests) {
          const next: PlanCase = {
            ...{ ...one, buyer: { ...one.buyer, ownerId }, facts: { ...one.facts, ...sizes } },
            settings: { ...one.settings, feeBpsDefault },
          };
          sessions = withNews(sessions, changed);
          for (const session of sessions) {
            sequence += 1;
            const from = { brokerId: 'broker', incarnation: 'first', sequence };
            presence.onEvent({ type: 'session-up', ...from, session }, nowMs);
          }
          const anew = presenceOf(sessions);
          const found = planned(next, seed, {
            ...{ catalogue, sessionsOf: (id) => presence.sessionsOf(id), atMs },
          });
          const again = planned(next, seed, {
            ...{ catalogue, sessionsOf: (id) => presence.sessionsOf(id), atMs },
          });
          const fresh = planned(next, seed, {
            catalogue: indexCatalogue(one.catalogue),
            ...{ sessionsOf: (id) => anew.sessionsOf(id), atMs },
          });
          expect(found).toEqual(fresh);
          expect(again).toEqual(fresh);
          if ('candidates' in fresh && fresh.candidates.length > 0) plans += 1;
        }
      }),
      { numRuns: 800 },
    );
    expect(plans).toBeGreaterThan(100);
  });
});
