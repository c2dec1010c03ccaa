import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { checkPlan } from './check-plan.js';
import { seededPlans } from './random-plan.js';

describe('a plan', () => {
  it('is what the oracle says that it must be, in a hundred thousand cases', () => {
    let planned = 0;
    fc.assert(
      fc.property(seededPlans, ({ one, seed }) => {
        if (checkPlan(one, seed) === 'planned') planned += 1;
      }),
      { numRuns: 100_000 },
    );
    expect(planned).toBeGreaterThan(10_000);
  }, 1_800_000);
});
