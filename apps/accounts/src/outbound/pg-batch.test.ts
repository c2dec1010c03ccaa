import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type BatchLimits, PgBatch } from './pg-batch.js';

/** A batch whose statements end when they are told to. */
function startedBatch(limits: BatchLimits) {
  const statements: { items: readonly number[]; end: () => void }[] = [];
  const heard: (() => void)[] = [];
  const batch = new PgBatch<number, number>((items) => {
    const { promise, resolve } = Promise.withResolvers<readonly number[]>();
    statements.push({ items, end: () => resolve(items.map((item) => item * 2)) });
    for (const tell of heard.splice(0)) tell();
    return promise;
  }, limits);
  return {
    batch,
    items: () => statements.map(({ items }) => items),
    end: (place: number) => statements[place]?.end(),
    /** Resolves when so many statements have begun. */
    begun: async (count: number) => {
      while (statements.length < count) await new Promise<void>((resolve) => heard.push(resolve));
    },
    nextTurn: () => new Promise<void>((resolve) => setImmediate(() => setImmediate(resolve))),
  };
}

describe(PgBatch, () => {
  it('answers each item in its place, whatever the limits', async () => {
    const limits = fc.record({
      lanesMax: fc.integer({ min: 1, max: 4 }),
      itemsMax: fc.integer({ min: 1, max: 5 }),
      besideMin: fc.integer({ min: 1, max: 8 }),
    });
    await fc.assert(
      fc.asyncProperty(limits, fc.array(fc.nat(), { maxLength: 30 }), async (each, items) => {
        let running = 0;
        const batch = new PgBatch<number, number>(async (some) => {
          running += 1;
          expect(running).toBeLessThanOrEqual(each.lanesMax);
          expect(some.length).toBeLessThanOrEqual(each.itemsMax);
          await new Promise(setImmediate);
          running -= 1;
          return some.map((item) => item * 2);
        }, each);
        const answers = await Promise.all(items.map((item) => batch.add(item)));
        expect(answers).toEqual(items.map((item) => item * 2));
      }),
    );
  });

  it('begins beside another statement only with as many as must wait for that', async () => {
    const { batch, items, end, begun, nextTurn } = startedBatch({
      ...{ lanesMax: 2, itemsMax: 3, besideMin: 3 },
    });
    const answers = [batch.add(1)];
    await begun(1);
    answers.push(batch.add(2), batch.add(3));
    await nextTurn();
    expect(items()).toEqual([[1]]);
    answers.push(batch.add(4));
    await begun(2);
    expect(items()).toEqual([[1], [2, 3, 4]]);
    end(0);
    end(1);
    expect(await Promise.all(answers)).toEqual([2, 4, 6, 8]);
  });

  it('sends fewer when the statement before them has ended', async () => {
    const { batch, items, end, begun } = startedBatch({ lanesMax: 2, itemsMax: 3, besideMin: 3 });
    const answers = [batch.add(1)];
    await begun(1);
    answers.push(batch.add(2));
    end(0);
    await begun(2);
    expect(items()).toEqual([[1], [2]]);
    end(1);
    expect(await Promise.all(answers)).toEqual([2, 4]);
  });

  it('lets nobody wait for a statement that has met a stuck peer', async () => {
    const { batch, items, end, begun } = startedBatch({ lanesMax: 2, itemsMax: 9, besideMin: 9 });
    const stuck = batch.add(1);
    await begun(1);
    const quick = batch.add(2);
    await begun(2);
    expect(items()).toEqual([[1], [2]]);
    end(1);
    expect(await quick).toBe(4);
    end(0);
    expect(await stuck).toBe(2);
  });
});
