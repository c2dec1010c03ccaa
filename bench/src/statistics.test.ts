import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { median, percentile, quantiles, spread } from './statistics.js';

const values = fc.array(fc.double({ noNaN: true, min: -1e9, max: 1e9 }), { minLength: 1 });

describe(percentile, () => {
  it('is one of the values, by the nearest rank', () => {
    const sorted = [15, 20, 35, 40, 50];
    expect([0.05, 0.3, 0.4, 0.5, 1].map((share) => percentile(sorted, share))).toEqual([
      15, 20, 20, 35, 50,
    ]);
  });

  it('is not exceeded by at least its share of the values, and is the smallest such one', () => {
    fc.assert(
      fc.property(values, fc.double({ min: 0.001, max: 1, noNaN: true }), (unsorted, share) => {
        const sorted = unsorted.toSorted((a, b) => a - b);
        const found = percentile(sorted, share);
        const covered = (limit: number) => sorted.filter((value) => value <= limit).length;
        const smaller = sorted.filter((value) => value < found).at(-1);
        expect(sorted).toContain(found);
        expect(covered(found)).toBeGreaterThanOrEqual(sorted.length * share);
        if (smaller !== undefined) expect(covered(smaller)).toBeLessThan(sorted.length * share);
      }),
    );
  });

  it('refuses what is no share', () => {
    for (const share of [0, -0.1, 1.1, Number.NaN]) {
      expect(() => percentile([1], share)).toThrow(RangeError);
    }
  });

  it('is NaN where there is nothing', () => {
    expect(percentile([], 0.5)).toBeNaN();
  });
});

describe(quantiles, () => {
  it('sorts by number and leaves what it was given as it was', () => {
    const latencies = Array.from({ length: 100 }, (_, index) => 100 - index);
    expect(quantiles(latencies)).toEqual({ p50: 50, p90: 90, p99: 99 });
    expect(latencies[0]).toBe(100);
  });
});

describe(median, () => {
  it('is the middle, or halfway between the two in the middle', () => {
    expect(median([9, 1, 10])).toBe(9);
    expect(median([10, 1, 2, 9])).toBe(5.5);
    expect(median([])).toBeNaN();
  });

  it('has as many values above as below', () => {
    fc.assert(
      fc.property(values, (some) => {
        const middle = median(some);
        const above = some.filter((value) => value > middle).length;
        const below = some.filter((value) => value < middle).length;
        expect(above).toBeLessThanOrEqual(some.length / 2);
        expect(below).toBeLessThanOrEqual(some.length / 2);
      }),
    );
  });
});

describe(spread, () => {
  it('is nothing where all are alike, and a share of the median otherwise', () => {
    expect(spread([4, 4, 4])).toBe(0);
    expect(spread([90, 100, 110])).toBeCloseTo(0.1);
  });
});
