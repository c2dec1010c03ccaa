import { costOf, dearestPrices, nanos } from '@aisbf/money';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isTooDear } from './price-limit.js';

const price = fc.bigInt({ min: 0n, max: 1_000_000n }).map(nanos);
const prices = fc.record({ prompt_token: price, completion_token: price, request: price });

describe(isTooDear, () => {
  const sold = { prompt_token: nanos(100n), completion_token: nanos(300n) };

  it.each([
    ['no limit', {}, false],
    [
      'a limit that is just met',
      { pricesMax: { prompt_token: '100', completion_token: '300' } },
      false,
    ],
    ['a dearer prompt', { pricesMax: { prompt_token: '99' } }, true],
    ['a dearer answer', { pricesMax: { completion_token: '299' } }, true],
    ['a limit for what is free here', { pricesMax: { request: '0' } }, false],
    ['a cost that pays for a word', { costMax: '401' }, false],
    ['a cost that pays for the prompt only', { costMax: '400' }, true],
  ])('sees to %s', (_name, limit, expected) => {
    const promptTokens = 4_000_000;
    expect(isTooDear(sold, { promptTokens, ...limit })).toBe(expected);
  });

  it('minds the dearer price of tokens that may turn out to be of another kind', () => {
    const thinking = { ...sold, reasoning_token: nanos(900n) };
    expect(isTooDear(thinking, { promptTokens: 1, pricesMax: { completion_token: '300' } })).toBe(
      true,
    );
  });

  it.each([{ cached_prompt_token: '99' }, { reasoning_token: '299' }])(
    'minds what tokens are charged as that have no price of their own: %j',
    (pricesMax) => {
      expect(isTooDear(sold, { promptTokens: 1, pricesMax })).toBe(true);
    },
  );

  it('lets nothing pass that could cost more than the whole request may', () => {
    fc.assert(
      fc.property(prices, fc.nat(1_000_000), price, (each, promptTokens, most) => {
        const least = { prompt_token: promptTokens, completion_token: 1, request: 1 };
        const isMore = costOf(least, dearestPrices(each)) > most;
        expect(isTooDear(each, { promptTokens, costMax: most.toString() })).toBe(isMore);
      }),
    );
  });
});
