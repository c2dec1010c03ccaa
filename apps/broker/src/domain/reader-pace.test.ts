import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ReaderPace } from './reader-pace.js';

const windowBytes = 1_000;

/** A worker that keeps to its window, a reader with moods, and words between them that may be lost or doubled. */
function play(pieces: readonly number[], moods: readonly number[], dropped: readonly number[]) {
  const pace = new ReaderPace(windowBytes);
  const waiting: number[] = [];
  let sent = 0;
  let heard = 0;
  let words = 0;
  let behindMax = 0;
  const hear = (readBytes: number | undefined): void => {
    if (readBytes === undefined) return;
    words += 1;
    // Not two in a row: there are four to a window.
    if (dropped.includes(words) && !dropped.includes(words - 1)) return;
    heard = Math.max(heard, readBytes);
  };
  const readOne = (): void => {
    const bytes = waiting.shift();
    if (bytes !== undefined) hear(pace.take(bytes));
  };
  for (const [index, piece] of pieces.entries()) {
    while (sent - heard >= windowBytes && waiting.length > 0) readOne();
    if (sent - heard >= windowBytes) return { isStuck: true, words, behindMax };
    sent += piece;
    pace.give(piece);
    waiting.push(piece);
    hear(pace.arrive(piece));
    behindMax = Math.max(behindMax, sum(waiting));
    for (let mood = moods[index % moods.length] ?? 0; mood > 0; mood -= 1) readOne();
  }
  return { isStuck: false, words, behindMax };
}

const sum = (list: readonly number[]) => list.reduce((total, one) => total + one, 0);

describe(ReaderPace, () => {
  it('never lets a worker wait for a reader that has read all, nor a reader fall further behind', () => {
    const property = fc.property(
      fc.array(fc.integer({ min: 1, max: 300 }), { maxLength: 60 }),
      fc.array(fc.nat(3), { minLength: 1 }),
      fc.array(fc.nat(20)),
      (pieces, moods, dropped) => {
        const { isStuck, behindMax } = play(pieces, moods, dropped);
        expect(isStuck).toBe(false);
        expect(behindMax).toBeLessThan(windowBytes + 300);
      },
    );
    fc.assert(property, { numRuns: 500 });
  });

  it('says nothing about a small stream, nor to a worker that cannot wait', () => {
    const small = new ReaderPace(windowBytes);
    small.give(249);
    expect([small.arrive(249), small.take(249)]).toEqual([undefined, undefined]);
    const deaf = new ReaderPace(undefined);
    deaf.give(5_000);
    expect([deaf.arrive(5_000), deaf.take(5_000)]).toEqual([undefined, undefined]);
    expect(deaf.holdsWorker).toBe(false);
  });

  it('counts what was never meant for the reader as read', () => {
    const pace = new ReaderPace(windowBytes);
    expect(pace.arrive(250)).toBe(250);
    pace.give(100);
    expect(pace.arrive(400)).toBe(550);
  });

  it('knows when the worker waits for us, until it is told to go on', () => {
    const pace = new ReaderPace(windowBytes);
    pace.give(1_000);
    expect(pace.arrive(1_000)).toBeUndefined();
    expect([pace.holdsWorker, pace.isBehind]).toEqual([true, true]);
    expect(pace.take(1_000)).toBe(1_000);
    expect([pace.holdsWorker, pace.isBehind]).toEqual([false, false]);
  });

  it('lets the worker go on for nobody when the reader has left', () => {
    const pace = new ReaderPace(windowBytes);
    pace.give(1_000);
    pace.arrive(1_000);
    expect(pace.letGo()).toBe(1_000);
    expect(pace.arrive(700)).toBe(1_700);
  });
});
