import type { SessionPresence } from '@aisbf/contracts';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { EpochMemory } from './epoch-memory.js';
import { MinuteCounter } from './minute-counter.js';
import { snapshotPages } from './snapshot-page.js';
import { TimerWheel } from './timer-wheel.js';

describe(EpochMemory, () => {
  it('always gives a later connection the higher number, whatever the clocks say', () => {
    const step = fc.record({ nowMs: fc.nat(10_000_000), seen: fc.option(fc.nat(20_000_000)) });
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const epochs = new EpochMemory();
        let last = -1;
        for (const { nowMs, seen } of steps) {
          if (seen !== null) epochs.see('a', seen, nowMs);
          const epoch = epochs.next('a', nowMs);
          expect(epoch).toBeGreaterThanOrEqual(nowMs);
          if (nowMs - 3_600_000 < last) expect(epoch).toBeGreaterThan(Math.max(last, seen ?? 0));
          last = epoch;
        }
      }),
    );
  });
});

describe(MinuteCounter, () => {
  it('counts a minute back, each name for itself', () => {
    const counter = new MinuteCounter(3);
    for (const atMs of [0, 1_000, 2_000, 3_000]) counter.add('a', atMs);
    expect(counter.isFull('a', 3_000)).toBe(true);
    expect(counter.isFull('b', 3_000)).toBe(false);
    expect(counter.lastMs('a', 3_000)).toBe(3_000);
    expect(counter.isFull('a', 61_000)).toBe(false);
    expect(counter.lastMs('a', 63_000)).toBeUndefined();
  });
});

describe(TimerWheel, () => {
  it('visits everything once a round, and nothing that was taken off', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 100 }), (stay) => {
        const wheel = new TimerWheel<number>(7);
        const leave = stay.map((_, item) => wheel.add(item));
        stay.forEach((stays, item) => {
          if (!stays) leave[item]?.();
        });
        const seen = Array.from({ length: 7 }, () => [...wheel.turn()]);
        expect(seen.flat().sort((a, b) => a - b)).toEqual(
          stay.flatMap((stays, item) => (stays ? [item] : [])),
        );
        expect(Math.max(...seen.map(({ length }) => length))).toBeLessThanOrEqual(
          Math.ceil(stay.length / 7),
        );
      }),
    );
  });
});

describe(snapshotPages, () => {
  const session = (models: number): SessionPresence => ({
    sessionId: 's',
    epoch: 1,
    providerId: '11111111-1111-4111-8111-111111111111',
    ownerId: '22222222-2222-4222-8222-222222222222',
    username: 'u',
    clientId: 'c',
    connectedAtMs: 1,
    state: 'serving',
    models: Array.from({ length: models }, () => ({ name: 'm'.repeat(200), contextTokensMax: 1 })),
    hardware: null,
    frameBytesMax: 1024,
    inFlight: 0,
    inFlightMax: 1,
    queued: 0,
  });

  it('holds all sessions in order, in messages that the bus takes; and one page for none', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(0, 1, 800), { maxLength: 450 }), (counts) => {
        const sessions = counts.map(session);
        const pages = snapshotPages(sessions);
        expect(pages.flat()).toEqual(sessions);
        expect(pages.length).toBeGreaterThan(0);
        for (const page of pages) {
          expect(page.length).toBeLessThanOrEqual(200);
          expect(JSON.stringify(page).length).toBeLessThan(900_000);
        }
      }),
      { numRuns: 20 },
    );
  });
});
