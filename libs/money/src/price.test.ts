import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { nanos } from './nanos.js';
import { costOf, shareOf, splitFee, unitKinds } from './price.js';

const count = fc.integer({ min: 0, max: 10_000_000 });
const price = fc.bigInt({ min: 0n, max: 100_000_000_000n }).map(nanos);

describe(costOf, () => {
  it('bills a ten-token reply at two cents per million tokens as 200 nano-dollars', () => {
    expect(costOf({ completion_token: 10 }, { completion_token: nanos(20_000_000n) })).toBe(200n);
  });

  it('rounds up once a request, not once a unit', () => {
    const prices = { prompt_token: nanos(1n), completion_token: nanos(1n) };
    expect(costOf({ prompt_token: 1, completion_token: 1 }, prices)).toBe(1n);
  });

  it('charges a request price by the piece', () => {
    expect(costOf({ request: 1 }, { request: nanos(7n) })).toBe(7n);
  });

  it.each([-1, Number.NaN, 0.5, Number.POSITIVE_INFINITY, 2 ** 53])(
    'refuses %p as a count',
    (bad) => {
      expect(() => costOf({ prompt_token: bad }, { prompt_token: nanos(1n) })).toThrow(RangeError);
    },
  );

  it('never falls when a count or a price rises, and is off the exact value by less than one', () => {
    fc.assert(
      fc.property(
        count,
        count,
        price,
        price,
        (prompt, completion, promptPrice, completionPrice) => {
          const prices = {
            prompt_token: promptPrice,
            completion_token: completionPrice,
          };
          const cost = costOf({ prompt_token: prompt, completion_token: completion }, prices);
          const exact = BigInt(prompt) * promptPrice + BigInt(completion) * completionPrice;
          expect(cost * 1_000_000n - exact).toBeGreaterThanOrEqual(0n);
          expect(cost * 1_000_000n - exact).toBeLessThan(1_000_000n);
          const more = costOf({ prompt_token: prompt + 1, completion_token: completion }, prices);
          expect(more).toBeGreaterThanOrEqual(cost);
        },
      ),
    );
  });
});

describe(shareOf, () => {
  const prices = fc.record(Object.fromEntries(unitKinds.map((kind) => [kind, price])), {
    requiredKeys: [],
  });
  const percent = fc.integer({ min: 0, max: 100 });

  it('is that share of each price, by less than one less, and prices nothing that had no price', () => {
    fc.assert(
      fc.property(prices, percent, (whole, part) => {
        const share = shareOf(whole, part);
        expect(Object.keys(share)).toEqual(unitKinds.filter((kind) => whole[kind] !== undefined));
        for (const kind of unitKinds) {
          const off = (whole[kind] ?? 0n) * BigInt(part) - (share[kind] ?? 0n) * 100n;
          expect(off >= 0n && off < 100n).toBe(true);
        }
      }),
    );
  });

  it('makes nothing dearer, and all of it is all', () => {
    fc.assert(
      fc.property(prices, percent, count, (whole, part, tokens) => {
        const units = { prompt_token: tokens, reasoning_token: tokens, image: 3 };
        expect(costOf(units, shareOf(whole, part)) <= costOf(units, whole)).toBe(true);
        expect(shareOf(whole, 100)).toEqual(whole);
      }),
    );
  });
});

describe(splitFee, () => {
  it('splits every charge into two parts that add up', () => {
    fc.assert(
      fc.property(price, fc.integer({ min: 0, max: 10_000 }), (charge, feeBps) => {
        const { fee, seller } = splitFee(charge, feeBps);
        expect(fee + seller).toBe(charge);
        expect(fee * 10_000n).toBeLessThanOrEqual(charge * BigInt(feeBps));
      }),
    );
  });

  it.each([-1, 10_001, 0.5])('refuses a fee of %p basis points', (bad) => {
    expect(() => splitFee(nanos(1n), bad)).toThrow(RangeError);
  });
});
