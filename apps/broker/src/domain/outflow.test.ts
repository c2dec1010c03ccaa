import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Outflow } from './outflow.js';

const limits = { backlogBytesMax: 1_000, stallMs: 100 };

describe(Outflow, () => {
  it('has stalled once nothing of much was taken for too long', () => {
    const outflow = new Outflow(limits);
    expect(outflow.hasStalled(1_001, 0)).toBe(false);
    expect(outflow.hasStalled(1_001, 100)).toBe(false);
    expect(outflow.hasStalled(1_001, 101)).toBe(true);
  });

  it('takes any piece that is taken for reading', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 100 })), (pausesMs) => {
        const outflow = new Outflow(limits);
        let nowMs = 0;
        for (const pauseMs of pausesMs) {
          expect(outflow.hasStalled(5_000, nowMs)).toBe(false);
          nowMs += pauseMs;
          outflow.onTaken(nowMs);
        }
        expect(outflow.hasStalled(5_000, nowMs)).toBe(false);
        expect(outflow.hasStalled(5_000, nowMs + 101)).toBe(true);
      }),
    );
  });

  it('begins anew whenever little waits', () => {
    const outflow = new Outflow(limits);
    outflow.hasStalled(1_001, 0);
    expect(outflow.hasStalled(1_000, 90)).toBe(false);
    expect(outflow.hasStalled(1_001, 150)).toBe(false);
    expect(outflow.hasStalled(1_001, 251)).toBe(true);
  });
});
