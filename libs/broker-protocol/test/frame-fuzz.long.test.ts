import { describe, expect, it } from '@jest/globals';
import { fuzz } from './frame-fuzz.js';

/** A tenth of it, and the most that may be kept after all of it. */
const framesWarm = 100_000;
const leakBytesMax = 32 * 1024 * 1024;

describe('a million mutated frames', () => {
  it('crash nothing, end no request twice, and leave nothing behind', () => {
    expect(fuzz(framesWarm, 7).breaches).toEqual([]);
    const before = process.memoryUsage().heapUsed;
    for (let seed = 1; seed <= 10; seed += 1) {
      const form = seed % 3 === 0 ? 'binary' : 'text';
      expect(fuzz(framesWarm, seed, form).breaches).toEqual([]);
    }
    globalThis.gc?.();
    const kept = process.memoryUsage().heapUsed - before;
    if (globalThis.gc) expect(kept).toBeLessThan(leakBytesMax);
  }, 600_000);
});
