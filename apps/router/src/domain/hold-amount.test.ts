import { costOf, dearestPrices, nanos } from '@aisbf/money';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { holdAmountFor, outputTokensHeld } from './hold-amount.js';

const settings = { outputTokensDefault: 4_096, outputTokensMax: 32_768 };
/** The largest count that a message carries. */
const countMax = 1_000_000_000_000;
const price = fc.bigInt({ min: 0n, max: 10_000_000_000n }).map(nanos);
const prices = fc.record({
  prompt_token: price,
  completion_token: price,
  cached_prompt_token: price,
  reasoning_token: price,
  request: price,
});
const facts = fc.record({
  promptTokens: fc.nat(200_000),
  outputTokensMax: fc.option(fc.integer({ min: 1, max: 100_000 })),
  choices: fc.integer({ min: 1, max: 4 }),
});

describe(outputTokensHeld, () => {
  it('tells as many as the hold pays for and not one more, whichever kind of token they are', () => {
    fc.assert(
      fc.property(fc.array(prices, { minLength: 1, maxLength: 4 }), facts, (all, request) => {
        const hold = holdAmountFor(all, request, settings);
        for (const each of all) {
          const tokens = outputTokensHeld(hold, request, each);
          const dearest = dearestPrices(each);
          const costs = (count: number) =>
            costOf(
              { prompt_token: request.promptTokens, completion_token: count, request: 1 },
              dearest,
            );
          if (tokens === null) {
            expect(costs(1_000_000)).toBe(costs(0));
            continue;
          }
          expect(costs(tokens) <= hold).toBe(true);
          expect(tokens === countMax || costs(tokens + 1) > hold).toBe(true);
        }
      }),
    );
  });

  it('is at least what the request was allowed to ask for', () => {
    fc.assert(
      fc.property(prices, facts, (each, request) => {
        const hold = holdAmountFor([each], request, settings);
        const asked = (request.outputTokensMax ?? 4_096) * request.choices;
        const tokens = outputTokensHeld(hold, request, each) ?? Number.POSITIVE_INFINITY;
        expect(tokens).toBeGreaterThanOrEqual(
          Math.min(asked, settings.outputTokensMax * request.choices),
        );
      }),
    );
  });
});
