import { describe, expect, it } from '@jest/globals';
import { pollDelayMs } from './model-list.js';

describe(pollDelayMs, () => {
  it('asks soon after a failure, then ever later, never later than usual', () => {
    const pace = { pollMs: 30_000, retryMsMin: 1_000 };
    const delays = [0, 1, 2, 3, 6, 1_000].map((failures) => pollDelayMs(failures, pace));
    expect(delays).toEqual([30_000, 1_000, 2_000, 4_000, 30_000, 30_000]);
  });
});
