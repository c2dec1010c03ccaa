import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { holdingAt, moments, ownFee, scheduleOf } from '../../test/random-schedule.js';
import { type FeeRules, feeAt, feesAhead } from './fee.js';

const from = (validFromMs: number, value: number | null) => ({
  id: `${validFromMs}`,
  value,
  validFromMs,
  setAtMs: 0,
  setBy: 'global',
});

const rules: fc.Arbitrary<FeeRules> = fc.record({
  listing: scheduleOf(ownFee),
  seller: scheduleOf(ownFee),
  feeBpsDefault: fc.constant(500),
});

describe(feeAt, () => {
  it("takes the listing's own fee before its seller's, and that before the default", () => {
    const seller = [from(10, 300), from(30, null)];
    const both = { listing: [from(20, 0), from(40, null)], seller, feeBpsDefault: 500 };
    expect(feeAt(both, 9)).toEqual({ feeBps: 500, feeSource: 'default' });
    expect(feeAt(both, 10)).toEqual({ feeBps: 300, feeSource: 'seller' });
    expect(feeAt(both, 20)).toEqual({ feeBps: 0, feeSource: 'listing' });
    expect(feeAt(both, 40)).toEqual({ feeBps: 500, feeSource: 'default' });
  });

  it('is that of the first rule that names one, at every moment', () => {
    fc.assert(
      fc.property(rules, moments, (all, nowMs) => {
        const { listing, seller, feeBpsDefault } = all;
        const expected = holdingAt(listing, nowMs) ?? holdingAt(seller, nowMs) ?? feeBpsDefault;
        expect(feeAt(all, nowMs).feeBps).toBe(expected);
      }),
    );
  });
});

describe(feesAhead, () => {
  it('tells every change of the fee, whichever rule makes it, and nothing else', () => {
    fc.assert(
      fc.property(rules, moments, (all, nowMs) => {
        const ahead = feesAhead(all, nowMs);
        let told = { ...feeAt(all, nowMs), validFromMs: nowMs };
        for (const next of ahead) {
          expect(next.validFromMs > told.validFromMs).toBe(true);
          expect(next).not.toEqual({ ...told, validFromMs: next.validFromMs });
          told = next;
        }
        const moment = nowMs + 20;
        const last = ahead.findLast(({ validFromMs }) => validFromMs <= moment);
        const { feeBps, feeSource } = last ?? feeAt(all, nowMs);
        expect({ feeBps, feeSource }).toEqual(feeAt(all, moment));
      }),
    );
  });

  it('passes over what a rule before it covers', () => {
    const listing = [from(10, 700)];
    const seller = [from(20, 100), from(60, 200)];
    const covered = { listing: [...listing, from(50, null)], seller, feeBpsDefault: 500 };
    expect(feesAhead(covered, 15)).toEqual([
      { feeBps: 100, feeSource: 'seller', validFromMs: 50 },
      { feeBps: 200, feeSource: 'seller', validFromMs: 60 },
    ]);
  });
});
