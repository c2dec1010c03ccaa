import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { checkCeilings } from './check-ceilings.js';
import { checkSelection } from './check-selection.js';
import { seededPlans } from './random-plan.js';
import { selectionCases } from './random-selection.js';

describe('a selection', () => {
  it('breaks no ceiling and shows no private prompt to anybody, and comes out the same of its record', () => {
    let planned = 0;
    fc.assert(
      fc.property(selectionCases, (one) => {
        if (checkSelection(one) === 'planned') planned += 1;
      }),
      { numRuns: 2_000 },
    );
    // The random markets are not all empty.
    expect(planned).toBeGreaterThan(200);
  });
});

describe('a plan', () => {
  it('names nobody beyond what the request allows, by whatever way it came', () => {
    let candidates = 0;
    fc.assert(
      fc.property(seededPlans, ({ one, seed }) => {
        candidates += checkCeilings(one, seed);
      }),
      { numRuns: 2_000 },
    );
    expect(candidates).toBeGreaterThan(500);
  });
});
