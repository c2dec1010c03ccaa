import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { checkSelection } from './check-selection.js';
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
