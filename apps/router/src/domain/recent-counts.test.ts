import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { RecentCounts } from './recent-counts.js';

const counts = fc.array(fc.nat(1_000_000), { minLength: 1, maxLength: 300 });
const window = fc.integer({ min: 1, max: 128 });
const share = fc.double({ min: 0.01, max: 1, noNaN: true });

const filled = (all: readonly number[], countMax: number) => {
  const recent = new RecentCounts(countMax);
  for (const count of all) recent.add(count);
  return recent;
};

describe(RecentCounts, () => {
  it('knows nothing before the first count', () => {
    expect(new RecentCounts(8).quantile(0.99)).toBeUndefined();
  });

  it('forgets all but the latest', () => {
    fc.assert(
      fc.property(counts, window, (all, countMax) => {
        const recent = filled(all, countMax);
        const latest = all.slice(-countMax);
        expect(recent.size).toBe(latest.length);
        expect(recent.quantile(1)).toBe(Math.max(...latest));
        expect(recent.quantile(0)).toBe(Math.min(...latest));
      }),
    );
  });

  it('names one of the counts, which so large a share does not exceed, and no smaller one would do', () => {
    fc.assert(
      fc.property(counts, window, share, (all, countMax, part) => {
        const latest = all.slice(-countMax);
        const found = filled(all, countMax).quantile(part);
        const covered = (limit: number) => latest.filter((count) => count <= limit).length;
        expect(latest).toContain(found);
        expect(covered(found ?? -1)).toBeGreaterThanOrEqual(part * latest.length);
        const smaller = latest.filter((count) => count < (found ?? 0));
        for (const count of smaller) expect(covered(count)).toBeLessThan(part * latest.length);
      }),
    );
  });

  it('answers the same, whenever it was asked before', () => {
    fc.assert(
      fc.property(counts, window, (all, countMax) => {
        const asked = new RecentCounts(countMax);
        for (const count of all) {
          asked.add(count);
          asked.quantile(0.5);
        }
        expect(asked.quantile(0.99)).toBe(filled(all, countMax).quantile(0.99));
      }),
    );
  });
});
