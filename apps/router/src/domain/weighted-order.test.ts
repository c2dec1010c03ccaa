import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { randomByName, randomFromSeed, weightedOrder } from './weighted-order.js';

/** How often each of them came first, over seeds as requests have them. */
function firsts(weights: readonly number[], draws: number): readonly number[] {
  const items = weights.map((weight, index) => ({ name: String(index), weight, index }));
  const counts = weights.map(() => 0);
  for (let draw = 0; draw < draws; draw += 1) {
    const seed = `req_${draw.toString(16).padStart(32, '0')}`;
    const [first] = weightedOrder(items, randomFromSeed(seed));
    const index = first?.index ?? 0;
    counts[index] = (counts[index] ?? 0) + 1;
  }
  return counts;
}

describe('weightedOrder', () => {
  it.each([[[1, 1]], [[1, 2, 7]], [[5, 1, 1, 1, 2]], [[1, 99]]])(
    'puts each first in proportion to its weight: %j',
    (weights) => {
      const draws = 10_000;
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      const chiSquare = firsts(weights, draws).reduce((sum, count, index) => {
        const expected = (draws * (weights[index] ?? 0)) / total;
        return sum + (count - expected) ** 2 / expected;
      }, 0);
      // The 99.9 % point of the chi-square distribution for up to four degrees of freedom is 18.5.
      expect(chiSquare).toBeLessThan(18.5);
    },
  );

  it('draws without putting back: after the first, the rest go by their weights too', () => {
    const items = [
      { name: 'a', weight: 8 },
      { name: 'b', weight: 1 },
      { name: 'c', weight: 1 },
    ] as const;
    let seconds = 0;
    for (let draw = 0; draw < 10_000; draw += 1) {
      const order = weightedOrder(items, randomFromSeed(String(draw)));
      if (order.at(1) === items[0]) seconds += 1;
    }
    // First is another (2 in 10), then it is second 8 times of 9.
    expect(seconds / 10_000).toBeGreaterThan(0.155);
    expect(seconds / 10_000).toBeLessThan(0.2);
  });

  it('keeps all of them, each once', () => {
    const items = fc.array(
      fc.record({ name: fc.string(), weight: fc.integer({ min: 1, max: 1_000_000 }) }),
    );
    fc.assert(
      fc.property(items, fc.string(), (all, seed) => {
        const order = weightedOrder(all, randomFromSeed(seed));
        expect(new Set(order)).toEqual(new Set(all));
        expect(order.length).toBe(all.length);
      }),
    );
  });
});

describe(randomByName, () => {
  it('gives each name the number that it has in every version: conversations stay where they are', () => {
    const place = '073a151d-000a-4000-8000-00000000012c org/model';
    for (const [key, name, number] of [
      ['anna\ntalk-1', place, 0.8491951329633594],
      ['anna\ntalk-2', 'ses_1', 0.536509703611955],
      ['', 'ж', 0.13034258713014424],
    ] as const) {
      // The second time its codes are known.
      expect([randomByName(key)(name), randomByName(key)(name)]).toEqual([number, number]);
    }
    expect(randomFromSeed('req_1')('x')).toBe(0.8438566087279469);
  });
});
