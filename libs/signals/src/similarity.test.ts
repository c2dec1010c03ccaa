import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isOneSpace, similarities } from './similarity.js';

const vector = fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), {
  minLength: 4,
  maxLength: 4,
});

/** Of these, a half is no less exact. */
const plainVector = fc.array(fc.integer({ min: -1_000, max: 1_000 }), {
  minLength: 4,
  maxLength: 4,
});

describe(similarities, () => {
  it('is 1 for the same, 0 for what has nothing in common, -1 for the opposite', () => {
    const classes = [
      {
        name: 'same',
        examples: [
          [0, 9],
          [2, 4],
        ],
      },
      { name: 'across', examples: [[-2, 1]] },
      { name: 'against', examples: [[-1, -2]] },
      { name: 'nothing', examples: [[0, 0]] },
    ];
    expect(similarities([1, 2], classes)).toEqual({ same: 1, across: 0, against: -1, nothing: 0 });
  });

  it('lies between -1 and 1, whatever a model says, and is the same both ways', () => {
    fc.assert(
      fc.property(vector, vector, (one, other) => {
        const { near = 2 } = similarities(one, [{ name: 'near', examples: [other] }]);
        expect(near).toBeGreaterThanOrEqual(-1);
        expect(near).toBeLessThanOrEqual(1);
        expect(similarities(other, [{ name: 'near', examples: [one] }])).toEqual({ near });
      }),
    );
  });

  it('is that of the nearest example, and does not mind how long vectors are', () => {
    fc.assert(
      fc.property(
        plainVector,
        fc.array(plainVector, { minLength: 1, maxLength: 5 }),
        (asked, examples) => {
          const { all = 2 } = similarities(asked, [{ name: 'all', examples }]);
          const each = examples.map(
            (one) => similarities(asked, [{ name: 'one', examples: [one] }]).one ?? 2,
          );
          expect(all).toBe(Math.max(...each));
          const halves = asked.map((figure) => figure / 2);
          const { all: again = 2 } = similarities(halves, [{ name: 'all', examples }]);
          expect(Math.abs(again - all)).toBeLessThanOrEqual(0.001);
        },
      ),
    );
  });
});

describe(isOneSpace, () => {
  it('is what has as many figures everywhere', () => {
    expect(isOneSpace([])).toBe(true);
    expect(
      isOneSpace([
        [1, 2],
        [3, 4],
      ]),
    ).toBe(true);
    expect(isOneSpace([[1, 2], [3]])).toBe(false);
  });
});
