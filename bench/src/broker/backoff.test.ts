import { describe, expect, it } from '@jest/globals';
import { backoffMs } from './backoff.js';

describe(backoffMs, () => {
  it('is a second, doubles, and stays at a minute', () => {
    expect([0, 1, 2, 3, 4, 5, 6, 7, 100].map(backoffMs)).toEqual([
      1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000,
    ]);
  });
});
