import type { Advice, ScoredCandidate } from '@aisbf/contracts';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { heldClasses, judged } from './advice.js';

const classes = [
  { name: 'poems', examples: ['Write a poem.'], similarityMin: 0.5 },
  { name: 'recipes', examples: ['How is bread baked?'], similarityMin: 0.7 },
];
const told = (similarities: Record<string, number>): Advice => ({
  autoselect: 'a/b',
  classes: { state: 'given', similarities },
});

describe(heldClasses, () => {
  it('is whatever comes near enough to its examples', () => {
    expect(heldClasses({ classes }, told({ poems: 0.5, recipes: 0.69 }))).toEqual(['poems']);
    expect(heldClasses({ classes }, told({ poems: 0.9, recipes: 0.9, odes: 1 }))).toEqual([
      'poems',
      'recipes',
    ]);
  });

  it('is nothing where nobody has answered, not even of a class that takes everything', () => {
    const open = [{ name: 'any', examples: ['x'], similarityMin: 0 }];
    expect(heldClasses({ classes: open }, undefined)).toEqual([]);
    const late: Advice = { autoselect: 'a/b', classes: { state: 'late', similarities: {} } };
    expect(heldClasses({ classes: open }, late)).toEqual([]);
    expect(heldClasses({}, told({ poems: 1 }))).toEqual([]);
  });
});

const parts = { price: 0, speed: 0, firstToken: 0, load: 0, success: 0, quality: 0 };
const rankings = fc
  .array(fc.integer({ min: 1, max: 3 }), { maxLength: 5 })
  .map((sizes) =>
    sizes.map((size, group): ScoredCandidate[] =>
      Array.from({ length: size }, (_, at) => ({ name: `${group}/${at}`, score: 0, parts })),
    ),
  );

describe(judged, () => {
  it('moves one to the front, loses nobody, and leaves all others as they were', () => {
    const choice = fc.constantFrom('0/0', '1/0', '2/2', '9/9', null, undefined);
    fc.assert(
      fc.property(rankings, choice, (ranking, chosen) => {
        const names = (groups: ScoredCandidate[][]) => groups.flat().map(({ name }) => name);
        const moved = judged(ranking, chosen);
        const isKnown = names(ranking).some((name) => name === chosen);
        if (!isKnown) expect(moved).toEqual(ranking);
        else expect(moved[0]?.map(({ name }) => name)).toEqual([chosen]);
        const others = (groups: ScoredCandidate[][]) =>
          groups
            .map((equals) => equals.filter(({ name }) => name !== chosen))
            .filter(({ length }) => length > 0);
        expect(others(moved)).toEqual(others(ranking));
        expect(names(moved).sort()).toEqual(names(ranking).sort());
      }),
    );
  });
});
