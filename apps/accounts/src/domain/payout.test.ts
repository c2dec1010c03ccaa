import { fromCents, nanos } from '@aisbf/money';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { centsOf, isUndecided, lookAfterMs, usdOf, watchAfterMs } from './payout.js';

const cents = fc.integer({ min: 1, max: 900_000_000_000 });

describe(centsOf, () => {
  it('is the inverse of what cents are in nano-dollars', () => {
    fc.assert(
      fc.property(cents, (count) => {
        expect(centsOf(fromCents(count))).toBe(count);
      }),
    );
  });

  it('refuses parts of a cent', () => {
    expect(() => centsOf(nanos(10_000_001n))).toThrow(RangeError);
  });
});

describe(usdOf, () => {
  it.each([
    [1, '0.01'],
    [10, '0.10'],
    [123, '1.23'],
    [1_234_500, '12345.00'],
  ])('writes %d cents as %s', (count, text) => {
    expect(usdOf(fromCents(count))).toBe(text);
  });
});

describe(lookAfterMs, () => {
  it('never falls, and never exceeds an hour', () => {
    fc.assert(
      fc.property(fc.nat(1_000_000), (looks) => {
        expect(lookAfterMs(looks + 1)).toBeGreaterThanOrEqual(lookAfterMs(looks));
        expect(lookAfterMs(looks)).toBeLessThanOrEqual(3_600_000);
      }),
    );
  });
});

const times = { answerMsMax: 10, resendMsMax: 1_000, watchMsMax: 500 };
const at = (ms: number) => new Date(ms);

describe(watchAfterMs, () => {
  it('watches what is paid for a time, and what a bank was given not at all', () => {
    expect(watchAfterMs({ provider: 'stripe', resolvedAt: at(0) }, times, 499)).not.toBeNull();
    expect(watchAfterMs({ provider: 'stripe', resolvedAt: at(0) }, times, 500)).toBeNull();
    expect(watchAfterMs({ provider: 'csv', resolvedAt: at(0) }, times, 0)).toBeNull();
  });
});

describe(isUndecided, () => {
  const sent = { provider: 'stripe', state: 'submitted', submittedAt: at(0) } as const;

  it('lasts as long as the provider may be asked again, and its answer may take', () => {
    expect(isUndecided(sent, times, 1_019)).toBe(true);
    expect(isUndecided(sent, times, 1_020)).toBe(false);
  });

  it('is nothing that a bank file or an ended payout can be', () => {
    expect(isUndecided({ ...sent, provider: 'csv' }, times, 0)).toBe(false);
    expect(isUndecided({ ...sent, state: 'paid' }, times, 0)).toBe(false);
  });
});
