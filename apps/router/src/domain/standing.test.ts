import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Standing, standingOf, withOneTrial } from './standing.js';

const failed = { failures: 2, lastEndAtMs: 1_000, untilMs: 5_000 };

describe(standingOf, () => {
  it.each([
    ['one that never failed', undefined, 0, { coolUntilMs: 0 }],
    ['one that cools', failed, 4_999, { coolUntilMs: 5_000 }],
    ['one that has cooled down', failed, 5_000, { coolUntilMs: 0, isOnTrial: true }],
    [
      'one that somebody tries out',
      { ...failed, trialUntilMs: 9_000 },
      6_000,
      { coolUntilMs: 9_000 },
    ],
    [
      'one whose trial takes too long',
      { ...failed, trialUntilMs: 9_000 },
      9_000,
      { coolUntilMs: 0, isOnTrial: true },
    ],
    ['one that has served since', { ...failed, failures: 0 }, 5_000, { coolUntilMs: 0 }],
  ])('of %s', (_name, known, nowMs, standing) => {
    expect(standingOf(known, nowMs)).toEqual(standing);
  });
});

describe(withOneTrial, () => {
  const standings = fc.array(
    fc.constantFrom<Standing>({ coolUntilMs: 0 }, { coolUntilMs: 0, isOnTrial: true }),
  );

  it('loses nobody, and leaves nobody on trial but whoever is asked first', () => {
    fc.assert(
      fc.property(standings, (items) => {
        const { asked, waiting } = withOneTrial(items, 100, items.length);
        expect(asked.length + waiting.length).toBe(items.length);
        expect(asked.slice(1).every(({ isOnTrial }) => !isOnTrial)).toBe(true);
        expect(asked[0]).toBe(items[0]);
        expect(waiting.every(({ coolUntilMs }) => coolUntilMs > 100)).toBe(true);
      }),
    );
  });
});
