import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { reportEnding, retryDelayMs, type SessionEnding } from './session-ending.js';

const limits = { msMin: 1000, msMax: 60_000 };
const lost: SessionEnding = { kind: 'closed', code: 1006, reason: '' };

function refused(httpStatus: number, retryAfterMs?: number): SessionEnding {
  return { kind: 'refused', httpStatus, message: 'no', retryAfterMs };
}

describe(retryDelayMs, () => {
  it('doubles from a second to a minute, with full jitter', () => {
    const ceilings = [0, 1, 2, 3, 6, 1000].map((failures) =>
      retryDelayMs(lost, failures, 1, limits),
    );
    expect(ceilings).toEqual([1000, 2000, 4000, 8000, 60_000, 60_000]);
    expect(retryDelayMs(lost, 5, 0, limits)).toBe(0);
  });

  it('is slow where only a person can help', () => {
    const endings: SessionEnding[] = [
      refused(401),
      refused(403),
      refused(404),
      { kind: 'rejected', code: 'x', message: 'y' },
      ...[1008, 4001, 4003].map((code): SessionEnding => ({ kind: 'closed', code, reason: '' })),
    ];
    for (const ending of endings) {
      expect(retryDelayMs(ending, 0, 0, limits)).toBe(30_000);
      expect(retryDelayMs(ending, 0, 1, limits)).toBe(60_000);
    }
  });

  it('comes back at once to a market that moves, and later to one that is full', () => {
    expect(retryDelayMs({ kind: 'closed', code: 1001, reason: '' }, 9, 1, limits)).toBe(1000);
    expect(retryDelayMs({ kind: 'closed', code: 1013, reason: '' }, 0, 1, limits)).toBe(8000);
  });

  it('waits as long as it is asked to, an hour at most', () => {
    expect(retryDelayMs(refused(429, 7000), 0, 0, limits)).toBe(7000);
    expect(retryDelayMs(refused(503, 1e12), 0, 0, limits)).toBe(3_600_000);
  });

  it('never leaves its bounds', () => {
    const property = fc.property(
      fc.constantFrom(lost, refused(401), refused(500), { kind: 'silent' } as const),
      fc.nat(),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (ending, failures, random) => {
        const delayMs = retryDelayMs(ending, failures, random, limits);
        expect(Number.isInteger(delayMs) && delayMs >= 0 && delayMs <= limits.msMax).toBe(true);
      },
    );
    fc.assert(property);
  });
});

describe(reportEnding, () => {
  it('gives the exact reason and what to do', () => {
    expect(reportEnding(refused(401))).toMatchObject({
      sentence: 'market refused the connection with HTTP 401',
      reason: 'no',
      next: expect.stringContaining('--provider'),
    });
    expect(reportEnding(lost)).toMatchObject({ reason: '1006', next: undefined });
  });
});
