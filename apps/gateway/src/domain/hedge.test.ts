import { EndpointName } from '@aisbf/contracts';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type HedgedWork, hedgeAfterMs } from './hedge.js';

const bounds = { promptTokensMax: 1_000, outputTokensMax: 100 };
const plan = { hedge: { afterMs: 300 } };
const short: HedgedWork = {
  endpoint: 'chat.completions',
  request: { model: 'p/m', isStream: false, outputTokensMax: 50, choices: 2 },
  promptTokens: 1_000,
  isBatch: false,
};

describe('hedgeAfterMs', () => {
  it('is the word of the plan for what says itself that it is short', () => {
    expect(hedgeAfterMs(plan, short, bounds)).toBe(300);
    expect(hedgeAfterMs({}, short, bounds)).toBeUndefined();
  });

  it.each<[string, Partial<HedgedWork>]>([
    ['may be as long as it likes', { request: { ...short.request, outputTokensMax: null } }],
    ['may be too long with all its choices', { request: { ...short.request, choices: 3 } }],
    ['has a long prompt', { promptTokens: 1_001 }],
    ['is of a batch', { isBatch: true }],
  ])('is nothing for what %s', (_what, part) => {
    expect(hedgeAfterMs(plan, { ...short, ...part }, bounds)).toBeUndefined();
  });

  it('lets only words and numbers come out of it, and never more than the bounds', () => {
    const works = fc.record({
      endpoint: fc.constantFrom(...EndpointName.options),
      request: fc.record({
        model: fc.constant('p/m'),
        isStream: fc.boolean(),
        outputTokensMax: fc.option(fc.nat(200)),
        choices: fc.integer({ min: 1, max: 128 }),
      }),
      promptTokens: fc.nat(2_000),
      isBatch: fc.boolean(),
    });
    fc.assert(
      fc.property(works, (work) => {
        if (hedgeAfterMs(plan, work, bounds) === undefined) return;
        const { outputTokensMax, choices } = work.request;
        expect(work.endpoint).toMatch(
          /^(chat\.completions|completions|embeddings|moderations|rerank)$/,
        );
        expect((outputTokensMax ?? Number.POSITIVE_INFINITY) * choices).toBeLessThanOrEqual(100);
        expect(work.promptTokens).toBeLessThanOrEqual(1_000);
      }),
    );
  });
});
