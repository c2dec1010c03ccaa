import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { reportEnding, retryDelayMs, type SessionEnding } from './session-ending.js';

const limits = { msMin: 1000, msMax: 60_000 };
const lost = closed(1006);

function closed(code: number, wasAccepted = true): SessionEnding {
  return { kind: 'closed', code, reason: '', wasAccepted };
}

function after(failures: number, takeovers = 0) {
  return { failures, takeovers };
}

function refused(httpStatus: number, retryAfterMs?: number): SessionEnding {
  return { kind: 'refused', httpStatus, message: 'no', retryAfterMs };
}

describe(retryDelayMs, () => {
  it('doubles from a second to a minute, with full jitter', () => {
    const ceilings = [0, 1, 2, 3, 6, 1000].map((failures) =>
      retryDelayMs(lost, after(failures), 1, limits),
    );
    expect(ceilings).toEqual([1000, 2000, 4000, 8000, 60_000, 60_000]);
    expect(retryDelayMs(lost, after(5), 0, limits)).toBe(0);
  });

  it('is slow where only a person can help', () => {
    const endings: SessionEnding[] = [
      refused(401),
      refused(403),
      refused(404),
      { kind: 'rejected', code: 'x', message: 'y' },
      closed(1008, false),
      closed(4003),
    ];
    for (const ending of endings) {
      expect(retryDelayMs(ending, after(0), 0, limits)).toBe(30_000);
      expect(retryDelayMs(ending, after(0), 1, limits)).toBe(60_000);
    }
  });

  it('comes back at once to a market that moves, and later to one that is full', () => {
    expect(retryDelayMs(closed(1001), after(9), 1, limits)).toBe(1000);
    for (const code of [1013, 1007]) {
      expect(retryDelayMs(closed(code), after(0), 0, limits)).toBe(4000);
      expect(retryDelayMs(closed(code), after(0), 1, limits)).toBe(8000);
    }
  });

  it('gives way to another of the same name, longer each time', () => {
    const pauses = [0, 1, 2, 3, 4, 99].map((takeovers) =>
      retryDelayMs(closed(4001), after(0, takeovers), 1, limits),
    );
    expect(pauses).toEqual([60_000, 120_000, 240_000, 480_000, 600_000, 600_000]);
    expect(retryDelayMs(closed(4001), after(0), 0, limits)).toBe(30_000);
  });

  it('comes back soon after a message that was too large, and after a silence', () => {
    expect(retryDelayMs(closed(1009), after(0), 1, limits)).toBe(1000);
    expect(retryDelayMs(closed(1008), after(0), 1, limits)).toBe(1000);
  });

  it('waits as long as it is asked to, an hour at most', () => {
    expect(retryDelayMs(refused(429, 7000), after(0), 0, limits)).toBe(7000);
    expect(retryDelayMs(refused(503, 1e12), after(0), 0, limits)).toBe(3_600_000);
  });

  it('never leaves its bounds', () => {
    const property = fc.property(
      fc.constantFrom(lost, refused(401), refused(500), { kind: 'silent' } as const),
      fc.nat(),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (ending, failures, random) => {
        const delayMs = retryDelayMs(ending, after(failures), random, limits);
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
    expect(reportEnding(closed(1008))).toMatchObject({ next: expect.stringContaining('network') });
    expect(reportEnding(closed(1008, false))).toMatchObject({
      next: expect.stringContaining('--provider'),
    });
    expect(reportEnding(lost)).toMatchObject({ reason: '1006', next: undefined });
  });
});
