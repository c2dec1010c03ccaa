import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { RetryBudget } from './retry-budget.js';

const settings = { perRequest: 0.1, reserve: 10, refillMs: 600_000 };

describe('RetryBudget', () => {
  it('allows no more retries than were saved, brought in and refilled, where none helps', () => {
    const step = fc.record({ retries: fc.integer({ min: 0, max: 8 }), afterMs: fc.nat(2_000) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
        const budget = new RetryBudget(settings, 0);
        let [nowMs, taken] = [0, 0];
        for (const { retries, afterMs } of steps) {
          nowMs += afterMs;
          budget.earn(nowMs);
          for (let count = 0; count < retries && budget.borrow(nowMs); count += 1) {
            taken += 1;
            budget.settle(false);
          }
        }
        const most = 10 + steps.length * 0.1 + (nowMs / 600_000) * 10;
        expect(taken).toBeLessThanOrEqual(most + 1e-6);
      }),
    );
  });

  it('is never used up by retries that help', () => {
    const budget = new RetryBudget(settings, 0);
    for (let count = 0; count < 1_000; count += 1) {
      expect(budget.borrow(0)).toBe(true);
      budget.settle(true);
    }
    expect(budget.underWay).toBe(0);
  });

  it('lets hedges take half of the reserve, and no more than the requests bring in', () => {
    fc.assert(
      fc.property(fc.nat(2_000), fc.integer({ min: 1, max: 8 }), (requests, each) => {
        const budget = new RetryBudget(settings, 0);
        let spent = 0;
        for (let count = 0; count < requests; count += 1) {
          budget.earn(0);
          for (let hedge = 0; hedge < each && budget.spend(0); hedge += 1) spent += 1;
        }
        expect(spent).toBeLessThanOrEqual(5 + requests * 0.1 + 1e-6);
        expect(budget.borrow(0)).toBe(true);
      }),
    );
  });

  it('lends so many at once and no more', () => {
    const budget = new RetryBudget(settings, 0);
    const lent = Array.from({ length: 15 }, () => budget.borrow(0)).filter(Boolean).length;
    expect(lent).toBe(10);
    expect(budget.underWay).toBe(10);
    budget.settle(true);
    expect(budget.borrow(0)).toBe(true);
    expect(budget.borrow(0)).toBe(false);
  });

  it('fills up by itself in its time, and not over', () => {
    const budget = new RetryBudget(settings, 0);
    for (let count = 0; count < 20; count += 1) if (budget.borrow(0)) budget.settle(false);
    expect(budget.borrow(59_000)).toBe(false);
    expect(budget.borrow(60_001)).toBe(true);
    const lent = Array.from({ length: 99 }, () => budget.borrow(9e9)).filter(Boolean).length;
    expect(lent).toBe(10);
  });
});
