import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readPriceLimits } from './price-limits.js';

const read = (body: Record<string, unknown>) => {
  const result = readPriceLimits(body);
  return 'facts' in result ? { ...result.facts, ownMembers: [...result.ownMembers] } : result;
};
const nothing = { ownMembers: [] };

describe(readPriceLimits, () => {
  it('finds none where there is none, and leaves others\u2019 members alone', () => {
    expect(read({})).toEqual(nothing);
    expect(read({ provider: { sort: 'price' } })).toEqual(nothing);
    expect(read({ provider: 'openai' })).toEqual(nothing);
    expect(read({ provider: { max_price: null }, max_cost: null })).toEqual({
      ownMembers: ['max_cost'],
    });
  });

  it("reads OpenRouter's prices, in numbers and strings", () => {
    expect(
      read({ provider: { max_price: { prompt: 0.1, completion: '2.50', audio: 1 } } }),
    ).toEqual({
      pricesMax: { prompt_token: '100000000', completion_token: '2500000000' },
      ownMembers: ['provider'],
    });
    expect(read({ provider: { max_price: { request: 0.001, image: 0 } } })).toMatchObject({
      pricesMax: { request: '1000000', image: '0' },
    });
  });

  it('reads a cost in dollars, or in nano-dollars where it is a string', () => {
    expect(read({ max_cost: 0.05 })).toEqual({ costMax: '50000000', ownMembers: ['max_cost'] });
    expect(read({ max_cost: 1e-7 })).toMatchObject({ costMax: '100' });
    expect(read({ max_cost: '123' })).toMatchObject({ costMax: '123' });
  });

  it.each([-1, Number.NaN, true, '0.5', '-1', '', {}, [], 1e30])('refuses %j as a cost', (cost) => {
    expect(read({ max_cost: cost })).toMatchObject({ code: 'invalid_type', param: 'max_cost' });
  });

  it.each([
    7,
    'low',
    [],
    { prompt: 'cheap' },
    { completion: -1 },
    { request: {} },
    { image: true },
  ])('refuses %j as prices', (price) => {
    expect(read({ provider: { max_price: price } })).toMatchObject({
      code: 'invalid_type',
      param: 'provider.max_price',
    });
  });

  it('never throws, and never reads more than was written', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.double(), (value, cost) => {
        expect(read({ provider: value, max_cost: value })).toBeDefined();
        const found = read({ max_cost: cost });
        if ('costMax' in found)
          expect(Number(found.costMax)).toBeLessThanOrEqual(
            cost * 1e9 * (1 + 4 * Number.EPSILON) + 1,
          );
      }),
    );
  });
});
