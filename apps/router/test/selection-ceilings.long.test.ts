import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { checkCeilings } from './check-ceilings.js';
import { checkSelection } from './check-selection.js';
import { seededPlans } from './random-plan.js';
import { selectionCases } from './random-selection.js';

describe('a selection', () => {
  it('breaks no ceiling and shows no private prompt in a hundred thousand cases', () => {
    let planned = 0;
    fc.assert(
      fc.property(selectionCases, (one) => {
        if (checkSelection(one) === 'planned') planned += 1;
      }),
      { numRuns: 100_000 },
    );
    expect(planned).toBeGreaterThan(10_000);
  }, 1_800_000);
});

describe('a plan', () => {
  it('names nobody beyond what the request allows in a hundred thousand cases', () => {
    let candidates = 0;
    fc.assert(
      fc.property(seededPlans, ({ one, seed }) => {
        candidates += checkCeilings(one, seed);
      }),
      { numRuns: 100_000 },
    );
    expect(candidates).toBeGreaterThan(25_000);
  }, 1_800_000);
});
