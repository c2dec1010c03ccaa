import { costOf, dearestPrices, nanos } from '@aisbf/money';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { holdAmountFor, outputTokensCeiling, outputTokensHeld } from './hold-amount.js';

const settings = { outputTokensDefault: 4_096, outputTokensSmall: 1_024, outputTokensMax: 32_768 };
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
  isStream: fc.boolean(),
});
const usual = fc.option(fc.nat(50_000), { nil: undefined });

describe(outputTokensCeiling, () => {
  const asking = (outputTokensMax: number | null, change: object = {}) => ({
    outputTokensMax,
    choices: 1,
    isStream: true,
    ...change,
  });

  it.each([
    ['a small limit as it is', asking(10, { choices: 3 }), 5_000, 30],
    ['the default before anything is known', asking(64_000), undefined, 4_096],
    ['the default where no limit is named', asking(null, { choices: 2 }), undefined, 8_192],
    ['what is usual, whatever is named', asking(64_000), 700, 700],
    ['what is usual where no limit is named', asking(null), 9_000, 9_000],
    ['twice that of an answer that comes whole', asking(64_000, { isStream: false }), 700, 1_400],
    ['no more than the limit', asking(2_000), 9_000, 2_000],
    ['no more than the most', asking(64_000), 60_000, 32_768],
    ['enough for a few words', asking(64_000), 3, 128],
  ])('holds for %s', (_name, request, known, tokens) => {
    expect(outputTokensCeiling(request, settings, known)).toBe(tokens);
  });

  it('is never more than was asked for, nor than the most, and never nothing', () => {
    fc.assert(
      fc.property(facts, usual, (request, known) => {
        const tokens = outputTokensCeiling(request, settings, known);
        const asked = request.outputTokensMax ?? settings.outputTokensMax;
        const most = Math.min(asked, settings.outputTokensMax) * request.choices;
        expect(tokens).toBeLessThanOrEqual(most);
        expect(tokens).toBeGreaterThan(0);
      }),
    );
  });
});

describe(outputTokensHeld, () => {
  it('tells as many as the hold pays for and not one more, whichever kind of token they are', () => {
    fc.assert(
      fc.property(
        fc.array(prices, { minLength: 1, maxLength: 4 }),
        facts,
        usual,
        (all, request, known) => {
          const output = outputTokensCeiling(request, settings, known);
          const hold = holdAmountFor(all, request, output);
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
            // No count is larger than this, however cheap it is.
            if (tokens < 1e12) expect(costs(tokens + 1) > hold).toBe(true);
          }
        },
      ),
    );
  });

  it('is at least what the money was meant for', () => {
    fc.assert(
      fc.property(prices, facts, usual, (each, request, known) => {
        const output = outputTokensCeiling(request, settings, known);
        const hold = holdAmountFor([each], request, output);
        const tokens = outputTokensHeld(hold, request, each) ?? Number.POSITIVE_INFINITY;
        expect(tokens).toBeGreaterThanOrEqual(output);
      }),
    );
  });
});
