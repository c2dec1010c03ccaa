import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { fromCents, toCents } from './cents.js';
import { nanos, nanosMax } from './nanos.js';

const centsMax = Number(nanosMax / 10_000_000n);

describe(fromCents, () => {
  it('is undone by toCents, to the last cent', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: centsMax }), (cents) => {
        expect(toCents(fromCents(cents))).toBe(cents);
      }),
    );
  });

  it.each([0.1, -1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, centsMax + 1])(
    'refuses %p',
    (cents) => expect(() => fromCents(cents)).toThrow(RangeError),
  );
});

describe(toCents, () => {
  it('has nothing to say of an amount between two cents', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: centsMax - 1 }),
        fc.bigInt({ min: 1n, max: 9_999_999n }),
        (cents, rest) => {
          expect(toCents(nanos(fromCents(cents) + rest))).toBeUndefined();
        },
      ),
    );
  });
});
