import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type RetryHeaders, retryAfterMs } from './retry-after.js';

const nowMs = Date.UTC(2026, 10, 22, 12, 0, 0);
const dayMs = 86_400_000;
const said = (headers: RetryHeaders) => retryAfterMs(headers, nowMs, false);
const limited = (headers: RetryHeaders) => retryAfterMs(headers, nowMs, true);

describe(retryAfterMs, () => {
  it.each([
    ['2', 2_000],
    ['0', 0],
    ['0.5', 500],
    ['Sun, 22 Nov 2026 12:00:03 GMT', 3_000],
    ['Sunday, 22-Nov-26 12:00:03 GMT', 3_000],
    ['Sun Nov 22 12:00:03 2026', 3_000],
    ['999999999', dayMs],
  ])('reads Retry-After: %s', (retryAfter, ms) => {
    expect(said({ retryAfter })).toBe(ms);
  });

  it.each(['soon', '-1', '', ' ', '1e9', '0x10', 'NaN', 'Infinity', '2026', '12:00', '1s'])(
    'makes nothing of Retry-After: %p, or takes it for seconds',
    (retryAfter) => {
      expect([null, 2_026_000]).toContain(said({ retryAfter }));
    },
  );

  it('makes nothing of a time that is over', () => {
    expect(said({ retryAfter: 'Sun, 22 Nov 2020 12:00:00 GMT' })).toBeNull();
    expect(limited({ rateLimitReset: String(nowMs - 1) })).toBeNull();
  });

  it('believes milliseconds first', () => {
    expect(said({ retryAfter: '2', retryAfterMs: '1500' })).toBe(1_500);
    expect(said({ retryAfter: '2', retryAfterMs: 'soon' })).toBe(2_000);
  });

  it.each([
    ['1s', 1_000],
    ['6m0s', 360_000],
    ['1h2m3.5s', 3_723_500],
    ['120ms', 120],
    ['2m', 120_000],
    ['30', 30_000],
    [String(nowMs / 1_000 + 30), 30_000],
    [String(nowMs + 30_000), 30_000],
    ['2026-11-22T12:00:30Z', 30_000],
    ['2026-11-22T13:00:30+01:00', 30_000],
  ])('reads when a limit begins anew: %s', (rateLimitReset, ms) => {
    expect(limited({ rateLimitReset })).toBe(ms);
    // Only one that was met.
    expect(limited({ rateLimitReset, rateLimitRemaining: '5' })).toBeNull();
    expect(said({ rateLimitReset })).toBeNull();
  });

  it.each(['', 'm', '5x', '1m1h', 'soon', '-5', '500000'])(
    'makes nothing of a limit that begins anew at %p',
    (rateLimitReset) => {
      expect(limited({ rateLimitReset })).toBeNull();
    },
  );

  it('waits for the limit that was met, and for the later one of two', () => {
    const both = { rateLimitResetRequests: '10s', rateLimitResetTokens: '6m0s' };
    const left = (requests: string, tokens: string) =>
      limited({
        ...both,
        rateLimitRemainingRequests: requests,
        rateLimitRemainingTokens: tokens,
      });
    expect(left('0', '100')).toBe(10_000);
    expect(left('0', '0')).toBe(360_000);
    expect(left('5', '100')).toBeNull();
    expect(limited(both)).toBeNull();
  });

  it('gives whole milliseconds of a day at most, or nothing, whatever is said', () => {
    const text = fc.oneof(
      fc.string(),
      fc.stringMatching(/^[\dhms.:, GMT-]{0,24}$/),
      fc.double().map(String),
      fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
    );
    const headers = fc.record(
      {
        retryAfter: text,
        retryAfterMs: text,
        rateLimitReset: text,
        rateLimitRemaining: text,
        rateLimitResetRequests: text,
        rateLimitRemainingRequests: text,
        rateLimitResetTokens: text,
        rateLimitRemainingTokens: text,
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(headers, fc.boolean(), (some, isRateLimited) => {
        const ms = retryAfterMs(some, nowMs, isRateLimited);
        expect(ms === null || (Number.isInteger(ms) && ms >= 0 && ms <= dayMs)).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  it('comes back to what was written, in every form', () => {
    const seconds = fc.integer({ min: 0, max: 86_400 });
    fc.assert(
      fc.property(seconds, (wait) => {
        const at = new Date(nowMs + wait * 1_000);
        const h = Math.floor(wait / 3_600);
        const goSpan = `${h}h${Math.floor((wait % 3_600) / 60)}m${wait % 60}s`;
        for (const headers of [
          { retryAfter: String(wait) },
          { retryAfter: at.toUTCString() },
          { retryAfterMs: String(wait * 1_000) },
          { rateLimitReset: String(at.getTime()) },
          { rateLimitReset: String(at.getTime() / 1_000) },
          { rateLimitReset: at.toISOString() },
          { rateLimitReset: goSpan },
        ]) {
          expect(limited(headers)).toBe(wait * 1_000);
        }
      }),
    );
  });
});
