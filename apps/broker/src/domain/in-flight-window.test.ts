import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { onBusy, onServed, openWindow } from './in-flight-window.js';

/** A worker that takes `capacity` at once, kept as full as the window allows. */
function limitsWith(capacity: number, limitMax: number, rounds: number): readonly number[] {
  let window = openWindow(limitMax);
  const limits: number[] = [];
  for (let nowMs = 1; nowMs <= rounds; nowMs += 1) {
    const { limit } = window;
    const begunAtMs = nowMs - 0.5;
    for (let place = 1; place <= limit; place += 1) {
      window =
        place > capacity
          ? onBusy(window, { begunAtMs, inFlight: limit }, nowMs)
          : onServed(window, limit, limitMax);
    }
    limits.push(window.limit);
  }
  return limits;
}

describe('the window of requests in flight', () => {
  it('stays between one and its maximum, and near what the worker takes', () => {
    const size = fc.integer({ min: 1, max: 40 });
    fc.assert(
      fc.property(size, size, (capacity, limitMax) => {
        const limits = limitsWith(capacity, limitMax, 200);
        expect(Math.min(...limits)).toBeGreaterThanOrEqual(1);
        expect(Math.max(...limits)).toBeLessThanOrEqual(limitMax);
        for (const limit of limits.slice(20)) {
          expect(limit).toBeLessThanOrEqual(Math.max(capacity + 1, 1));
          expect(limit).toBeGreaterThanOrEqual(
            Math.min(limitMax, Math.max(1, Math.floor(capacity * 0.7))),
          );
        }
      }),
    );
  });

  it('falls once for one crowd, however many of it are refused', () => {
    const first = onBusy(openWindow(8), { begunAtMs: 1, inFlight: 8 }, 5);
    expect(first.limit).toBe(6);
    expect(onBusy(first, { begunAtMs: 4, inFlight: 7 }, 6)).toBe(first);
    expect(onBusy(first, { begunAtMs: 6, inFlight: 6 }, 7).limit).toBe(4);
  });

  it('does not rise while the worker is hardly used', () => {
    const window = { ...openWindow(8), limit: 4 };
    expect(onServed(window, 3, 8)).toBe(window);
  });
});
