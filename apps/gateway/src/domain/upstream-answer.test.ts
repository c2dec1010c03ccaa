import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isBlameless, isWorkless, judgeHead } from './upstream-answer.js';

const redirected = { kind: 'failed', failure: 'redirected' };

describe(judgeHead, () => {
  it('goes on with success, refuses what the request is to blame for, fails the rest', () => {
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 599 }), (status) => {
        const { kind } = judgeHead(status, undefined);
        if (status === 101 || (status >= 200 && status < 300)) expect(kind).toBe('go_on');
        else if ([400, 405, 413, 415, 422].includes(status)) expect(kind).toBe('refused');
        else if (status < 200 || status >= 500) expect(kind).toBe('failed');
        else if (status < 400) expect(judgeHead(status, undefined)).toMatchObject(redirected);
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
    [302, 'redirected'],
    [307, 'redirected'],
    [500, 'server_error'],
  ])('takes %d for %s', (status, failure) => {
    expect(judgeHead(status, undefined)).toEqual({ kind: 'failed', failure });
  });

  it('holds it against nobody that there is nothing at an address of its own', () => {
    const nothing = { kind: 'failed', failure: 'nothing_there' };
    for (const status of [404, 405, 410, 501]) {
      expect(judgeHead(status, undefined, true)).toEqual(nothing);
      expect(judgeHead(status, undefined)).not.toEqual(nothing);
    }
    expect(judgeHead(404, 'WORKER_ENDPOINT_UNSUPPORTED', true)).toEqual(nothing);
    expect(judgeHead(404, 'SESSION_GONE', true)).toMatchObject({ failure: 'session_gone' });
    expect(judgeHead(500, undefined, true)).toMatchObject({ failure: 'server_error' });
    expect([isBlameless('nothing_there'), isWorkless('nothing_there')]).toEqual([true, true]);
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

describe(isWorkless, () => {
  it('tells what nobody had begun to work at from what was tried', () => {
    for (const reason of ['worker_busy', 'session_gone', 'request_too_large', 'egress_refused']) {
      expect(isWorkless(reason)).toBe(true);
    }
    const tried = ['unreachable', 'timeout', 'server_error', 'garbage', 'redirected'];
    for (const reason of tried) {
      expect(isWorkless(reason)).toBe(false);
    }
  });
});
