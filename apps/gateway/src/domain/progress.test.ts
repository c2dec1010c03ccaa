import { describe, expect, it } from '@jest/globals';
import { outcomeOf } from './progress.js';

describe(outcomeOf, () => {
  const delivered = { hasContent: true, finishReason: 'stop' };

  it.each([
    ['finished', delivered, 'completed'],
    ['finished', { hasContent: false, finishReason: 'stop' }, 'completed'],
    ['finished', { hasContent: false, finishReason: null }, 'seller_failed'],
    ['finished', { hasContent: false, finishReason: 'error' }, 'seller_failed'],
    ['finished', { hasContent: true, finishReason: null }, 'completed'],
    ['buyer_left', { hasContent: true, finishReason: null }, 'buyer_left'],
    ['buyer_left', { hasContent: false, finishReason: null }, 'not_served'],
    ['failed', delivered, 'seller_failed'],
  ] as const)('%s with %j is %s', (end, what, outcome) => {
    expect(outcomeOf(end, what)).toBe(outcome);
  });
});
