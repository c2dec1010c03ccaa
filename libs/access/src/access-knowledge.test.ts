import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { AccessKnowledge } from './access-knowledge.js';

const subjects = ['a', 'b', 'c', 'd'];
/** What happened, one revision after the other, told in pieces of any length, some of them lost. */
const history = fc.array(
  fc.record({
    changes: fc.array(fc.constantFrom(...subjects), { maxLength: 5 }),
    isComplete: fc.boolean(),
  }),
  { minLength: 1, maxLength: 20 },
);

/** Every subject at every revision so far. */
function* moments(revision: number) {
  for (const subject of subjects) {
    for (let at = 0; at <= revision; at += 1) yield { subject, at };
  }
}

describe(AccessKnowledge, () => {
  it('never takes for unchanged what has changed', () => {
    fc.assert(
      fc.property(history, fc.integer({ min: 1, max: 4 }), (pieces, changesMax) => {
        const knowledge = new AccessKnowledge(changesMax);
        const truth = new Map<string, number>();
        let revision = 0;
        for (const { changes, isComplete } of pieces) {
          const told = changes.map((subject, place) => ({
            subject,
            revision: revision + 1 + place,
          }));
          for (const change of told) truth.set(change.subject, change.revision);
          revision += told.length;
          knowledge.learn({ revision, changes: isComplete ? told : [], isComplete });
          const wrong = [...moments(revision)].filter(
            ({ subject, at }) =>
              (truth.get(subject) ?? 0) > at && knowledge.isUnchangedSince(at, [subject]),
          );
          expect(wrong).toEqual([]);
          expect(knowledge.isUnchangedSince(revision, subjects)).toBe(true);
        }
      }),
    );
  });

  it('says what to forget', () => {
    const knowledge = new AccessKnowledge(10);
    const changes = [{ revision: 8, subject: 'a' }];
    expect(knowledge.learn({ revision: 7, changes: [], isComplete: true })).toBe('everything');
    expect(knowledge.learn({ revision: 8, changes, isComplete: true })).toEqual(['a']);
    expect(knowledge.learn({ revision: 8, changes: [], isComplete: true })).toEqual([]);
    expect(knowledge.learn({ revision: 9, changes: [], isComplete: false })).toBe('everything');
  });

  it('trusts nothing from before a revision that goes back', () => {
    const knowledge = new AccessKnowledge(10);
    knowledge.learn({ revision: 7, changes: [], isComplete: true });
    expect(knowledge.learn({ revision: 3, changes: [], isComplete: true })).toBe('everything');
    expect(knowledge.isUnchangedSince(6, ['a'])).toBe(false);
    expect(knowledge.revision).toBe(3);
  });

  it('knows nothing before it has heard anything', () => {
    expect(new AccessKnowledge(10).isUnchangedSince(1_000, ['a'])).toBe(false);
  });
});
