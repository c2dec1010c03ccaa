import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { LogBuckets } from './log-buckets.js';
import { RecentValues } from './recent-values.js';

const relativeError = 0.05;
const buckets = new LogBuckets(1, 3_600_000, relativeError);
const span = { spanMs: 60_000, slices: 6 };

const value = fc.double({ min: 1, max: 3_600_000, noNaN: true });
const share = fc.double({ min: 0, max: 1, noNaN: true });
const timed = fc.record({ value, atMs: fc.integer({ min: 0, max: 400_000 }) });

function exact(values: readonly number[], of: number): number | undefined {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.max(1, Math.ceil(of * sorted.length)) - 1];
}

describe('RecentValues', () => {
  it('tells every quantile to within the stated error', () => {
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 300 }), share, (values, of) => {
        const recent = new RecentValues(buckets, span);
        for (const one of values) recent.add(one, 1_000);
        const found = recent.countsAt(1_000).quantile(of) ?? Number.NaN;
        const wanted = exact(values, of) ?? Number.NaN;
        expect(Math.abs(found - wanted)).toBeLessThanOrEqual(wanted * relativeError * (1 + 1e-9));
      }),
    );
  });

  it('holds the whole span, and at most a slice more', () => {
    fc.assert(
      fc.property(fc.array(timed), fc.integer({ min: 0, max: 400_000 }), (all, nowMs) => {
        const told = all.filter(({ atMs }) => atMs <= nowMs);
        const recent = new RecentValues(buckets, span);
        for (const one of told.toSorted((left, right) => left.atMs - right.atMs)) {
          recent.add(one.value, one.atMs);
        }
        const within = (ms: number) => told.filter(({ atMs }) => atMs > nowMs - ms).length;
        const { total } = recent.countsAt(nowMs);
        expect(total).toBeGreaterThanOrEqual(within(span.spanMs));
        expect(total).toBeLessThanOrEqual(within(span.spanMs + 10_000));
      }),
    );
  });

  it('comes to the same figures in whatever order it is told', () => {
    const shuffled = fc
      .array(timed, { maxLength: 50 })
      .chain((all) =>
        fc.tuple(
          fc.constant(all),
          fc.shuffledSubarray(all, { minLength: all.length, maxLength: all.length }),
        ),
      );
    fc.assert(
      fc.property(shuffled, share, ([one, other], of) => {
        const [left, right] = [one, other].map((all) => {
          const recent = new RecentValues(buckets, span);
          for (const each of all) recent.add(each.value, each.atMs);
          return recent.countsAt(400_000);
        });
        expect(left?.total).toBe(right?.total);
        expect(left?.quantile(of)).toBe(right?.quantile(of));
      }),
    );
  });

  it('counts what lies beyond its ends as the ends', () => {
    const recent = new RecentValues(buckets, span);
    for (const one of [0, -5, 1e12]) recent.add(one, 0);
    const counts = recent.countsAt(0);
    expect(counts.total).toBe(3);
    expect(counts.quantile(0.5)).toBeCloseTo(1, 0);
    expect(counts.quantile(1)).toBeGreaterThan(3_600_000 * 0.9);
    expect(counts.quantile(1)).toBeLessThan(3_600_000 * 1.1);
  });

  it('says nothing of nothing', () => {
    expect(new RecentValues(buckets, span).countsAt(0).quantile(0.5)).toBeUndefined();
  });
});
