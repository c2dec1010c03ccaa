import { type FaultKind, httpStatusByKind } from '@aisbf/faults';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { fateOf, pauseMs } from './line-fate.js';

const kinds = Object.keys(httpStatusByKind) as FaultKind[];

describe(fateOf, () => {
  it('waits for what passes, tries again what failed, and takes everything else for the outcome', () => {
    const expected: Partial<Record<FaultKind, string>> = {
      ...{ throttled: 'later', unavailable: 'later', upstream: 'again', timeout: 'again' },
      unauthenticated: 'void',
    };
    for (const kind of kinds) {
      expect([kind, fateOf({ code: 'ANY', kind })]).toEqual([kind, expected[kind] ?? 'final']);
    }
  });

  it('knows what passes though its kind does not, and what has ended already', () => {
    expect(fateOf({ code: 'HELD_BY_OTHER_REQUESTS', kind: 'exhausted' })).toBe('later');
    expect(fateOf({ code: 'BATCH_LINE_CLOSED', kind: 'conflict' })).toBe('closed');
  });
});

describe(pauseMs, () => {
  it('grows, is at least what was asked for, and never more than the most', () => {
    const times = { firstMs: fc.integer({ min: 1, max: 5_000 }), mostMs: fc.nat(100_000) };
    fc.assert(
      fc.property(fc.nat(200), fc.record(times), fc.nat(100_000), (tries, limits, asked) => {
        const pause = pauseMs(tries, limits, asked);
        expect(pause).toBeLessThanOrEqual(limits.mostMs);
        expect(pause).toBeGreaterThanOrEqual(Math.min(asked, limits.mostMs));
        expect(pauseMs(tries + 1, limits, asked)).toBeGreaterThanOrEqual(pause);
      }),
    );
  });
});
