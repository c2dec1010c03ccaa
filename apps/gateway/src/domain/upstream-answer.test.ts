import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isBlameless, judgeHead, retryAfterMs } from './upstream-answer.js';

describe(judgeHead, () => {
  it('goes on with success, refuses what the request is to blame for, fails the rest', () => {
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 599 }), (status) => {
        const { kind } = judgeHead(status, undefined);
        if (status >= 200 && status < 300) expect(kind).toBe('go_on');
        else if ([400, 405, 413, 415, 422].includes(status)) expect(kind).toBe('refused');
        else if (status < 200 || status >= 500) expect(kind).toBe('failed');
      }),
    );
  });

  it.each([
    [429, 'rate_limited'],
    [401, 'rejected_credentials'],
    [402, 'rejected_credentials'],
    [403, 'rejected_credentials'],
    [404, 'model_missing'],
    [408, 'timeout'],
    [504, 'timeout'],
    [302, 'server_error'],
    [500, 'server_error'],
  ])('takes %d for %s', (status, failure) => {
    expect(judgeHead(status, undefined)).toEqual({ kind: 'failed', failure });
  });

  it('believes the broker before the status', () => {
    expect(judgeHead(404, 'SESSION_GONE')).toEqual({ kind: 'failed', failure: 'session_gone' });
    expect(judgeHead(400, 'UNHEARD_OF')).toEqual({ kind: 'failed', failure: 'server_error' });
  });
});

describe(isBlameless, () => {
  it('does not hold work against a worker', () => {
    expect(isBlameless('worker_busy')).toBe(true);
    expect(isBlameless('rate_limited')).toBe(false);
  });
});

describe(retryAfterMs, () => {
  const nowMs = Date.UTC(2026, 10, 22, 12, 0, 0);

  it('reads seconds and dates', () => {
    expect(retryAfterMs('2', nowMs)).toBe(2000);
    expect(retryAfterMs('0.5', nowMs)).toBe(500);
    expect(retryAfterMs('Sun, 22 Nov 2026 12:00:03 GMT', nowMs)).toBe(3000);
  });

  it.each([undefined, 'soon', '-1', 'Sun, 22 Nov 2020 12:00:00 GMT', 'NaN', 'Infinity'])(
    'makes nothing of %p',
    (header) => {
      expect(retryAfterMs(header, nowMs)).toBeNull();
    },
  );

  it('waits a day at most', () => {
    expect(retryAfterMs('1e9', nowMs)).toBe(86_400_000);
  });
});
