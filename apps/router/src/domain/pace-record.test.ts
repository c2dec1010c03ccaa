import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type PaceFigures, paceSample } from './pace.js';
import { PaceRecord, paceErrorMax } from './pace-record.js';

const minuteMs = 60_000;
const nowMs = 100 * 24 * 60 * minuteMs;

function recordOf(samples: readonly Readonly<{ agoMs: number; firstMs: number }>[]): PaceRecord {
  const record = new PaceRecord();
  for (const { agoMs, firstMs } of samples.toSorted((left, right) => right.agoMs - left.agoMs)) {
    record.add({ firstMs, tokensPerS: null }, nowMs - agoMs);
  }
  return record;
}
const times = (count: number, sample: Readonly<{ agoMs: number; firstMs: number }>) =>
  Array.from({ length: count }, () => sample);
const isNear = (found: number | undefined, wanted: number) =>
  Math.abs((found ?? Number.NaN) - wanted) <= wanted * paceErrorMax * 1.001;

describe('PaceRecord', () => {
  it('is told by the shortest window that holds enough', () => {
    const older = times(20, { agoMs: 20 * minuteMs, firstMs: 900 });
    const few = recordOf([...older, ...times(5, { agoMs: minuteMs, firstMs: 100 })]);
    expect(isNear(few.paceAt(nowMs, 20).firstMs?.p50, 900)).toBe(true);
    const many = recordOf([...older, ...times(20, { agoMs: minuteMs, firstMs: 100 })]);
    expect(isNear(many.paceAt(nowMs, 20).firstMs?.p99, 100)).toBe(true);
  });

  it('is not known where even the longest holds too little', () => {
    expect(recordOf(times(19, { agoMs: 0, firstMs: 5 })).paceAt(nowMs, 20).firstMs).toBeNull();
    expect(new PaceRecord().paceAt(nowMs, 1)).toEqual({ firstMs: null, tokensPerS: null });
  });

  it('forgets what is older than a day', () => {
    const record = recordOf(times(50, { agoMs: 27 * 60 * minuteMs, firstMs: 5 }));
    expect(record.paceAt(nowMs, 1).firstMs).toBeNull();
  });

  it('orders percentiles from good to bad: times rise, speeds fall', () => {
    const sample = fc.record({
      firstMs: fc.integer({ min: 0, max: 100_000 }),
      tokensPerS: fc.double({ min: 0.1, max: 5_000, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(sample, { minLength: 1, maxLength: 100 }), (samples) => {
        const record = new PaceRecord();
        for (const one of samples) record.add(one, nowMs);
        const { firstMs, tokensPerS } = record.paceAt(nowMs, 1);
        const inOrder = ({ p50, p75, p90, p99 }: PaceFigures) => [p50, p75, p90, p99];
        const rising = (figures: readonly number[]) => figures.toSorted((a, b) => a - b);
        expect(firstMs && inOrder(firstMs)).toEqual(firstMs && rising(inOrder(firstMs)));
        const fallen = tokensPerS && inOrder(tokensPerS).toReversed();
        expect(fallen).toEqual(fallen && rising(fallen));
      }),
    );
  });

  it('tells each window with the number of its requests', () => {
    const record = recordOf([
      ...times(2, { agoMs: minuteMs, firstMs: 10 }),
      ...times(3, { agoMs: 20 * minuteMs, firstMs: 10 }),
      ...times(4, { agoMs: 300 * minuteMs, firstMs: 10 }),
    ]);
    const requests = record.windowsAt(nowMs).map(({ firstMs }) => firstMs?.requests);
    expect(requests).toEqual([2, 5, 9]);
    expect(record.windowsAt(nowMs).map(({ tokensPerS }) => tokensPerS)).toEqual([null, null, null]);
  });
});

describe(paceSample, () => {
  it('takes the speed of a stream from its tokens and its time', () => {
    expect(paceSample({ firstByteMs: 80, outputTokens: 300, streamMs: 2_000 })).toEqual({
      firstMs: 80,
      tokensPerS: 150,
    });
  });

  it.each([
    ['an answer that came whole', { firstByteMs: 9_000 }, { firstMs: null, tokensPerS: null }],
    [
      'a stream that was held back',
      { firstByteMs: 80, streamMs: 9_000 },
      { firstMs: 80, tokensPerS: null },
    ],
    [
      'a stream of one write',
      { firstByteMs: 80, outputTokens: 300, streamMs: 0 },
      { firstMs: 80, tokensPerS: null },
    ],
    [
      'a stream of a few words',
      { firstByteMs: 80, outputTokens: 2, streamMs: 200 },
      { firstMs: 80, tokensPerS: null },
    ],
  ])('takes no speed from %s', (_name, facts, sample) => {
    expect(paceSample(facts)).toEqual(sample);
  });
});
