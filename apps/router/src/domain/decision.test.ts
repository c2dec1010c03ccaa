import { BoundedTree, type DecisionTree, type Signals } from '@aisbf/contracts';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { holds, isPrivate } from './decision.js';

const signals: Signals = {
  contextClass: 'medium',
  turns: 3,
  inputs: ['image'],
  hasTools: true,
  isStructured: false,
  language: 'de',
  subjects: ['code', 'maths'],
  codeShare: 0.4,
  mathsShare: 0,
  private: [],
  isCut: false,
  metadata: { tier: 'gold' },
};
const reading = { signals, promptTokens: 5_000 };

const so: DecisionTree[] = [
  { signal: 'promptTokens', op: 'at_least', value: 5_000 },
  { signal: 'turns', op: 'at_most', value: 3 },
  { signal: 'codeShare', op: 'at_least', value: 0.4 },
  { signal: 'hasTools', op: 'is', value: true },
  { signal: 'isPrivate', op: 'is', value: false },
  { signal: 'contextClass', op: 'is', value: 'medium' },
  { signal: 'subjects', op: 'has', value: 'maths' },
  { signal: 'inputs', op: 'has', value: 'image' },
  { signal: 'language', op: 'in', value: ['fr', 'de'] },
  { signal: 'metadata.tier', op: 'in', value: ['gold'] },
];
const notSo: DecisionTree[] = [
  { signal: 'promptTokens', op: 'at_least', value: 5_001 },
  { signal: 'turns', op: 'at_most', value: 2 },
  { signal: 'isStructured', op: 'is', value: true },
  { signal: 'isCut', op: 'is', value: true },
  { signal: 'contextClass', op: 'is', value: 'huge' },
  { signal: 'subjects', op: 'has', value: 'translation' },
  { signal: 'private', op: 'has', value: 'email' },
  { signal: 'language', op: 'in', value: ['fr'] },
  { signal: 'metadata.tier', op: 'in', value: ['silver'] },
  { signal: 'metadata.toString', op: 'in', value: ['gold'] },
];

/** A tree beside what it must come to. */
const trees = fc.letrec<{ tree: { tree: DecisionTree; isSo: boolean } }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.constantFrom(
      ...so.map((tree) => ({ tree, isSo: true })),
      ...notSo.map((tree) => ({ tree, isSo: false })),
    ),
    fc.array(tie('tree'), { minLength: 1, maxLength: 3 }).map((parts) => ({
      tree: { all: parts.map(({ tree }) => tree) },
      isSo: parts.every(({ isSo }) => isSo),
    })),
    fc.array(tie('tree'), { minLength: 1, maxLength: 3 }).map((parts) => ({
      tree: { any: parts.map(({ tree }) => tree) },
      isSo: parts.some(({ isSo }) => isSo),
    })),
    tie('tree').map(({ tree, isSo }) => ({ tree: { not: tree }, isSo: !isSo })),
  ),
})).tree;

describe('classes', () => {
  it('are of the question as the reading says, and none where it says nothing', () => {
    const tree: DecisionTree = { signal: 'classes', op: 'has', value: 'poems' };
    expect(holds(tree, { ...reading, classes: ['recipes', 'poems'] })).toBe(true);
    expect(holds(tree, { ...reading, classes: [] })).toBe(false);
    expect(holds(tree, reading)).toBe(false);
  });
});

describe(holds, () => {
  it('means by all, any and not what logic does', () => {
    fc.assert(
      fc.property(trees, ({ tree, isSo }) => {
        expect(holds(tree, reading)).toBe(isSo);
      }),
    );
  });

  it('knows of a prompt that nobody has looked at only how long it is, and that it is private', () => {
    const unread = { signals: null, promptTokens: 5_000 };
    const known = [...so, ...notSo].filter((tree) => holds(tree, unread));
    expect(known).toEqual([so[0], { signal: 'isCut', op: 'is', value: true }]);
    expect(holds({ signal: 'isPrivate', op: 'is', value: true }, unread)).toBe(true);
  });
});

describe(isPrivate, () => {
  it('is so of what was found, of what was not looked at whole, and of what was not looked at', () => {
    expect(isPrivate(reading)).toBe(false);
    expect(isPrivate({ ...reading, signals: { ...signals, private: ['iban'] } })).toBe(true);
    expect(isPrivate({ ...reading, signals: { ...signals, isCut: true } })).toBe(true);
    expect(isPrivate({ ...reading, signals: null })).toBe(true);
  });
});

describe('a tree that somebody sends', () => {
  it.each<[string, unknown]>([
    ['an unknown signal', { signal: 'mood', op: 'is', value: true }],
    ['an operator that its signal has not', { signal: 'turns', op: 'has', value: 3 }],
    ['a value of another kind', { signal: 'hasTools', op: 'is', value: 'yes' }],
    ['an unknown word', { signal: 'subjects', op: 'has', value: 'sports' }],
    ['no parts', { all: [] }],
    ['more than it may say', { not: so[0], all: so }],
    ['too many levels', Array.from({ length: 100_000 }).reduce((tree) => ({ not: tree }), so[0])],
    ['too many parts', { all: Array.from({ length: 16 }, () => ({ any: so })) }],
    ['nothing', null],
  ])('is refused where it has %s', (_what, tree) => {
    expect(BoundedTree.safeParse(tree).success).toBe(false);
  });

  it('is taken as it is where it is sound', () => {
    const tree = { all: [{ any: so }, { not: { all: notSo.slice(0, 3) } }] };
    expect(BoundedTree.parse(tree)).toEqual(tree);
  });
});
