import { describe, expect, it } from '@jest/globals';
import { outcomeOf } from './progress.js';

describe(outcomeOf, () => {
  const delivered = { completionTokens: 3, finishReason: 'stop' };

  it.each([
    ['finished', delivered, 'completed'],
    ['finished', { completionTokens: 0, finishReason: 'stop' }, 'completed'],
    ['finished', { completionTokens: 0, finishReason: null }, 'seller_failed'],
    ['finished', { completionTokens: 0, finishReason: 'error' }, 'seller_failed'],
    ['finished', { completionTokens: 3, finishReason: null }, 'completed'],
    ['buyer_left', { completionTokens: 3, finishReason: null }, 'buyer_left'],
    ['buyer_left', { completionTokens: 0, finishReason: null }, 'not_served'],
    ['failed', delivered, 'seller_failed'],
  ] as const)('%s with %j is %s', (end, what, outcome) => {
    expect(outcomeOf(end, what)).toBe(outcome);
  });
});
