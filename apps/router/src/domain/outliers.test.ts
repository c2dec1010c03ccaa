import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type OutlierSettings, outliersOf } from './outliers.js';

const nowMs = 100_000;
const settings: OutlierSettings = { endsMin: 10, shortfall: 0.3, shareMax: 0.5, outMs: 20_000 };

type Member = Readonly<{
  coolUntilMs: number;
  successes: number;
  ends: number;
  lastEndAtMs: number;
}>;
const member = (changes: Partial<Member> = {}): Member => ({
  coolUntilMs: 0,
  successes: 10,
  ends: 10,
  lastEndAtMs: nowMs,
  ...changes,
});
const outOf = (pool: readonly Member[]) =>
  outliersOf(
    pool,
    ({ successes, ends, lastEndAtMs }) => ({
      failures: 0,
      lastEndAtMs,
      untilMs: 0,
      recent: Array.from({ length: ends }, (_, at) => at < successes),
    }),
    settings,
    { nowMs },
  );

describe(outliersOf, () => {
  it('finds the one that fails far more often than the others, for a while after its latest end', () => {
    const flaky = member({ successes: 5, lastEndAtMs: nowMs - 5_000 });
    expect([...outOf([member(), flaky, member()])]).toEqual([[flaky, nowMs + 15_000]]);
  });

  it.each([
    ['has hardly fewer successes', member({ successes: 8 })],
    ['is not known well enough', member({ successes: 0, ends: 9 })],
    ['has been out for long enough', member({ successes: 0, lastEndAtMs: nowMs - 20_000 })],
    ['is asked last anyhow', member({ successes: 0, coolUntilMs: nowMs + 1 })],
  ])('leaves alone whoever %s', (_why, one) => {
    expect(outOf([member(), member(), member(), one]).size).toBe(0);
  });

  it('leaves all alone where all fail alike', () => {
    const pool = Array.from({ length: 6 }, () => member({ successes: 1 }));
    expect(outOf(pool).size).toBe(0);
  });

  it('takes one that was never seen to fail for well', () => {
    const known = member({ successes: 2 });
    const found = outliersOf(
      [known, member()],
      (one) =>
        one === known
          ? { failures: 0, lastEndAtMs: nowMs, untilMs: 0, recent: Array(10).fill(false) }
          : undefined,
      settings,
      { nowMs },
    );
    expect([...found.keys()]).toEqual([known]);
  });

  it('never has more out than the share, those that cool among them, and the worst first', () => {
    const members = fc.array(
      fc.record({
        coolUntilMs: fc.constantFrom(0, 0, nowMs + 50),
        successes: fc.integer({ min: 0, max: 10 }),
        ends: fc.constant(10),
        lastEndAtMs: fc.constantFrom(nowMs, nowMs - 30_000),
      }),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(members, (pool) => {
        const out = outOf(pool);
        const cooling = pool.filter(({ coolUntilMs }) => coolUntilMs > 0).length;
        if (out.size > 0) expect(out.size + cooling).toBeLessThanOrEqual(pool.length / 2);
        for (const [one, untilMs] of out) {
          expect(untilMs).toBeGreaterThan(nowMs);
          expect(one.successes).toBeLessThanOrEqual(6);
        }
      }),
    );
  });
});
