import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { headVerdict, isAtTheDoor, reasonByList } from './probe-verdict.js';

const kinds = ['models', 'completion'] as const;

describe(headVerdict, () => {
  it('has the rest of the answer tell where the status is good', () => {
    for (const kind of kinds) expect(headVerdict(kind, 200, undefined)).toBeUndefined();
  });

  it.each([
    ['models', 401, 'failed', 'rejected_credentials'],
    ['completion', 403, 'failed', 'rejected_credentials'],
    ['models', 404, 'unclear', 'unsupported'],
    ['completion', 404, 'unclear', 'model_missing'],
    ['models', 429, 'unclear', 'rate_limited'],
    ['completion', 429, 'failed', 'rate_limited'],
    ['models', 500, 'failed', 'server_error'],
    ['completion', 302, 'failed', 'server_error'],
    ['completion', 400, 'unclear', 'request_refused'],
    ['models', 504, 'failed', 'timeout'],
  ] as const)('takes %s answered with %i for %s: %s', (kind, status, outcome, reason) => {
    expect(headVerdict(kind, status, undefined)).toEqual({ outcome, reason });
  });

  it('judges every status and every word of a broker, and calls no refusal well', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...kinds),
        fc.integer({ min: 100, max: 599 }),
        fc.option(fc.string(), { nil: undefined }),
        (kind, status, fault) => {
          const verdict = headVerdict(kind, status, fault);
          const isGood = fault === undefined && status >= 200 && status < 300;
          expect(verdict === undefined).toBe(isGood);
          if (verdict)
            expect(verdict).toMatchObject({ reason: expect.stringMatching(/^[a-z_]+$/) });
          if (verdict) expect(verdict.outcome).not.toBe('well');
          // What is not known of a broker is not held against its worker.
          if (fault !== undefined && !/^[A-Z_]+$/.test(fault)) {
            expect(verdict?.outcome).toBe('unclear');
          }
        },
      ),
    );
  });
});

describe(isAtTheDoor, () => {
  it('is what fails before any model has to do with it', () => {
    expect(['unreachable', 'rejected_credentials'].every(isAtTheDoor)).toBe(true);
    expect(['timeout', 'unreachable'].map(reasonByList).every(isAtTheDoor)).toBe(true);
    expect(['server_error', 'timeout', 'rate_limited', undefined].some(isAtTheDoor)).toBe(false);
  });
});
