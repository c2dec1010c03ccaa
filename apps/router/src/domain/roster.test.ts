import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { presenceOf } from '../../test/random-market.js';
import { seededPlans } from '../../test/random-plan.js';
import { isForAll, rosterOf } from './roster.js';
import { type SessionDemands, sessionRejection } from './session-fit.js';

describe(isForAll, () => {
  it('never lets a request pass that one of the workers would not take', () => {
    let passed = 0;
    fc.assert(
      fc.property(seededPlans, ({ one }) => {
        const demands: SessionDemands = { ...one.facts, ...one.settings };
        const presence = presenceOf(one.sessions);
        for (const { id } of one.catalogue.providers) {
          const sessions = presence.sessionsOf(id);
          for (const name of new Set(
            sessions.flatMap(({ session }) => session.models.map((model) => model.name)),
          )) {
            if (!isForAll(rosterOf(sessions, name, demands), demands)) continue;
            passed += 1;
            const reasons = sessions.map(({ session }) => sessionRejection(name, session, demands));
            expect(new Set(reasons)).toEqual(new Set([undefined]));
          }
        }
      }),
      { numRuns: 1_000 },
    );
    // The random workers are not all picky.
    expect(passed).toBeGreaterThan(20);
  });
});
