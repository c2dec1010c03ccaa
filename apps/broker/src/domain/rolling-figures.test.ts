import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { RollingFigures } from './rolling-figures.js';

const nothingClaimed = { claimedElapsedMs: null, claimedTokensPerSecond: null };
const nothingSeen = { firstContentMs: null, contentEventsPerSecond: null };
const served = { isServed: true, chunksPerSecond: 10, ...nothingSeen, ...nothingClaimed };

describe(RollingFigures, () => {
  it('looks at the last hundred requests of each model only', () => {
    const call = fc.record({ isServed: fc.boolean(), firstMs: fc.option(fc.nat(1_000)) });
    const property = fc.property(fc.array(call, { minLength: 1, maxLength: 250 }), (calls) => {
      const figures = new RollingFigures();
      for (const one of calls) figures.add('m', { ...served, ...one });
      const latest = calls.slice(-100);
      const [shown] = figures.summary();
      expect(shown?.requests).toBe(latest.length);
      expect(shown?.successRate).toBe(
        latest.filter(({ isServed }) => isServed).length / latest.length,
      );
      const times = latest.flatMap(({ firstMs }) => firstMs ?? []);
      const isBelow = times.filter((time) => time <= (shown?.firstMs ?? -1)).length;
      if (times.length === 0) expect(shown?.firstMs).toBeNull();
      else expect(isBelow).toBeGreaterThanOrEqual(times.length / 2);
    });
    fc.assert(property);
  });

  it('sums up the last hundred of all models, timing those only that were streamed', () => {
    const figures = new RollingFigures();
    expect(figures.together()).toBeUndefined();
    for (let number = 0; number < 50; number += 1) {
      figures.add('gone', { ...served, isServed: false, firstMs: null });
    }
    for (let number = 0; number < 40; number += 1) {
      figures.add('streamed', { ...served, firstMs: 30 });
      figures.add('whole', { ...served, firstMs: 9_000, chunksPerSecond: null });
    }
    const all = { requests: 100, firstMs: 30, chunksPerSecond: 10 };
    expect(figures.together()).toEqual({ ...all, successRate: 0.8 });
    figures.add('streamed', { ...served, firstMs: 30 });
    expect(figures.together()).toEqual({ ...all, successRate: 0.81 });
  });

  it('keeps the models apart, and no more of them than a worker can have', () => {
    const figures = new RollingFigures();
    for (let number = 0; number < 100; number += 1) {
      figures.add(`m${number}`, { ...served, firstMs: number });
    }
    const shown = figures.summary();
    expect(shown).toHaveLength(32);
    expect(shown.at(-1)).toEqual({
      model: 'm99',
      requests: 1,
      successRate: 1,
      firstMs: 99,
      chunksPerSecond: 10,
      ...nothingSeen,
      ...nothingClaimed,
    });
  });
});
