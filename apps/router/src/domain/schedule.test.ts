import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { holdingAt, moments, scheduleOf } from '../../test/random-schedule.js';
import { aheadOf, type Change, inForceAt } from './schedule.js';

const change = (value: string, validFromMs: number): Change<string> => ({
  id: value,
  value,
  validFromMs,
  setAtMs: 0,
  setBy: 'anna',
});

describe(inForceAt, () => {
  const schedule = [change('first', 100), change('second', 200), change('third', 200)];

  it.each([
    [99, undefined],
    [100, 'first'],
    [199, 'first'],
    [200, 'third'],
    [1_000, 'third'],
  ])('has at %i what began last, from its very moment on', (nowMs, expected) => {
    expect(inForceAt(schedule, nowMs)?.value).toBe(expected);
  });

  it('says the same as going through all of them, at every moment', () => {
    fc.assert(
      fc.property(scheduleOf(fc.string()), moments, (random, nowMs) => {
        expect(inForceAt(random, nowMs)?.value).toBe(holdingAt(random, nowMs));
      }),
    );
  });
});

describe(aheadOf, () => {
  it('has all that has not begun, and nothing that is in force or was', () => {
    fc.assert(
      fc.property(scheduleOf(fc.string()), moments, (random, nowMs) => {
        const ahead = aheadOf(random, nowMs);
        for (const one of random) expect(ahead.includes(one)).toBe(one.validFromMs > nowMs);
      }),
    );
  });
});
