import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { roomOf, sessionOrder, shareOf } from './session-order.js';
import { randomFromSeed } from './weighted-order.js';

const rounds = 20_000;

const measuredAs = fc.option(
  fc.record({
    requests: fc.integer({ min: 1, max: 100 }),
    successRate: fc.double({ min: 0, max: 1, noNaN: true }),
    firstMs: fc.option(fc.integer({ min: 0, max: 60_000 })),
    chunksPerSecond: fc.constant(null),
  }),
  { nil: undefined },
);
const load = fc.record({
  inFlight: fc.integer({ min: 0, max: 8 }),
  inFlightMax: fc.integer({ min: 1, max: 8 }),
  queued: fc.integer({ min: 0, max: 8 }),
  measured: measuredAs,
});
const items = fc.array(
  fc.tuple(load, fc.uuid()).map(([one, sessionId]) => ({ session: { ...one, sessionId } })),
  { maxLength: 12 },
);

const idle = (inFlightMax: number, measured?: { successRate: number; firstMs?: number }) => ({
  inFlight: 0,
  inFlightMax,
  queued: 0,
  measured: measured && { requests: 100, firstMs: null, chunksPerSecond: null, ...measured },
});

/** How often each of these stands first. */
function firsts(loads: readonly ReturnType<typeof idle>[], seed: string): readonly number[] {
  const counts = loads.map(() => 0);
  const all = loads.map((one, at) => ({ session: { ...one, sessionId: String(at) }, at }));
  const random = randomFromSeed(seed);
  for (let round = 0; round < rounds; round += 1) {
    const at = sessionOrder(all, random).at(0)?.at ?? 0;
    counts[at] = (counts[at] ?? 0) + 1;
  }
  return counts;
}

/** How far the counts lie from what the weights promise. */
function chiSquare(counts: readonly number[], weights: readonly number[]): number {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return counts.reduce((sum, count, at) => {
    const expected = (rounds * (weights[at] ?? 0)) / total;
    return sum + (count - expected) ** 2 / expected;
  }, 0);
}
/** What a true promise exceeds once in a thousand times, by degrees of freedom. */
const chiSquareMax = [0, 10.828, 13.816, 16.266, 18.467] as const;

describe(sessionOrder, () => {
  it.each([
    ['a', [6, 3]],
    ['b', [1, 1, 1]],
    ['c', [8, 4, 2, 1]],
    ['d', [64, 6, 6, 1, 1]],
  ])('shares requests out by free capacity (seed %s)', (seed, room) => {
    const counts = firsts(
      room.map((places) => idle(places)),
      seed,
    );
    expect(chiSquare(counts, room)).toBeLessThan(chiSquareMax[room.length - 1] ?? 0);
  });

  it('counts only what is left of it', () => {
    const loads = [
      { ...idle(8), inFlight: 4, queued: 1 },
      { ...idle(4), inFlight: 3 },
    ];
    expect(chiSquare(firsts(loads, 'left'), [3, 1])).toBeLessThan(chiSquareMax[1]);
  });

  it('shares by capacity, trust and speed together', () => {
    const loads = [
      idle(4, { successRate: 1, firstMs: 100 }),
      idle(4, { successRate: 0.5, firstMs: 100 }),
      idle(4, { successRate: 1, firstMs: 125 }),
      idle(4, { successRate: 1, firstMs: 60_000 }),
      idle(4),
    ];
    const weights = [4, 4 * (54 / 104) ** 2, 3.2, 2, 4];
    expect(chiSquare(firsts(loads, 'all'), weights)).toBeLessThan(chiSquareMax[4]);
  });

  it('never puts one without room before one with it, and orders those by their queues', () => {
    fc.assert(
      fc.property(items, fc.string(), (all, seed) => {
        const order = [...sessionOrder(all, randomFromSeed(seed))];
        expect(new Set(order)).toEqual(new Set(all));
        expect(order).toHaveLength(all.length);
        const isFull = order.map((item) => roomOf(item.session) <= 0);
        expect(isFull).toEqual([...isFull].sort((left, right) => Number(left) - Number(right)));
        const crowds = order
          .filter((_item, at) => isFull[at])
          .map(({ session: one }) => (one.inFlight + one.queued) / one.inFlightMax);
        expect(crowds).toEqual([...crowds].sort((left, right) => left - right));
      }),
    );
  });

  it('gives everybody with room a share, the more the better it serves', () => {
    fc.assert(
      fc.property(load, fc.double({ min: 0, max: 1, noNaN: true }), (one, rate) => {
        fc.pre(roomOf(one) > 0);
        const share = (successRate: number, requests: number) =>
          shareOf(
            { ...one, measured: { requests, successRate, firstMs: null, chunksPerSecond: null } },
            null,
          );
        expect(shareOf(one, 1)).toBeGreaterThan(0);
        expect(shareOf(one, 1)).toBeLessThanOrEqual(roomOf(one));
        expect(share(rate, 100)).toBeLessThanOrEqual(share(1, 100));
        // A failure of the first request weighs less than a hundred of them.
        expect(share(0, 1)).toBeGreaterThan(share(0, 100));
      }),
    );
  });
});
