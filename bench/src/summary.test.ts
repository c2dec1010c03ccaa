import { describe, expect, it } from '@jest/globals';
import type { Measured } from './measurement.js';
import { summarise, totalUs } from './summary.js';

function round(p50: number, figures: Partial<Measured> = {}): Measured {
  return {
    sequential: { p50, p90: p50 * 2, p99: p50 * 3 },
    openLoop: { p50, p90: p50, p99: p50 },
    ...{ requestsPerS: 100, streamsPerS: 10, peakMb: 50, ownPeakMb: 20 },
    ...{ cpuUsPerRequest: {}, cpuUsPerStream: {}, successes: 1, failures: [] },
    ...figures,
  };
}

const direct = { name: 'direct', title: 'direct', rounds: [round(1), round(5), round(2)] } as const;

describe(summarise, () => {
  it('compares each round with the direct way of the same round', () => {
    // The second round was slow for both: only what the target added to it counts.
    const rounds = [round(4), round(8), round(5)];
    const { added, sequential } = summarise({ name: 'floor', title: 'floor', rounds }, direct);
    expect(added).toEqual({ p50: 3, p90: 6, p99: 9 });
    expect(sequential.p50).toBe(5);
  });

  it('takes the median of rates and the highest of peaks', () => {
    const rounds = [
      round(1, { requestsPerS: 90, peakMb: 70 }),
      round(1, { requestsPerS: 110, peakMb: 60 }),
      round(1, { requestsPerS: 100, peakMb: 50 }),
    ];
    const summary = summarise({ name: 'floor', title: 'floor', rounds }, direct);
    expect(summary).toMatchObject({ requestsPerS: 100, requestsSpread: 0.1, peakMb: 70 });
  });

  it('takes the median of each process by itself', () => {
    const rounds = [1, 3, 2].map((us) => round(1, { cpuUsPerRequest: { gateway: us, router: 5 } }));
    const { cpuUsPerRequest } = summarise({ name: 'floor', title: 'floor', rounds }, direct);
    expect(cpuUsPerRequest).toEqual({ gateway: 2, router: 5 });
    expect(totalUs(cpuUsPerRequest)).toBe(7);
    expect(totalUs({})).toBeNaN();
  });
});
