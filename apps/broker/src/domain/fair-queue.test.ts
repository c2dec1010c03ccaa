import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { FairQueue } from './fair-queue.js';

type Waiting = Readonly<{ owner: string; number: number }>;

const owner = fc.constantFrom('a', 'b', 'c', 'd');
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ type: fc.constant('add' as const), owner }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('next' as const) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('remove' as const), at: fc.nat(20) }) },
);

/** A queue beside a plain list of what must be in it. */
class WatchedQueue {
  private readonly queue;
  private waiting: readonly Waiting[] = [];

  constructor(private readonly max: number) {
    this.queue = new FairQueue<Waiting>(max);
  }

  add(item: Waiting): void {
    const lost = this.queue.add(item.owner, item);
    expect(lost === undefined).toBe(this.waiting.length < this.max);
    this.keep([...this.waiting, item], lost);
  }

  next(): void {
    const item = this.queue.next();
    expect(item === undefined).toBe(this.waiting.length === 0);
    expect(item).toBe(this.waiting.find((other) => other.owner === item?.owner));
    this.keep(this.waiting, item);
  }

  remove(at: number): void {
    const item = this.waiting[at];
    if (item) expect(this.queue.remove(item.owner, item)).toBe(true);
    expect(this.queue.remove('a', { owner: 'a', number: -1 })).toBe(false);
    this.keep(this.waiting, item);
  }

  clear(): void {
    expect(new Set(this.queue.clear())).toEqual(new Set(this.waiting));
    expect(this.queue.size).toBe(0);
  }

  private keep(items: readonly Waiting[], gone: Waiting | undefined): void {
    this.waiting = items.filter((item) => item !== gone);
    expect(this.queue.size).toBe(this.waiting.length);
    expect(this.queue.size).toBeLessThanOrEqual(this.max);
  }
}

describe(FairQueue, () => {
  it('is bounded, loses nothing, and keeps the order of each owner', () => {
    const property = fc.property(fc.array(step), fc.integer({ min: 0, max: 8 }), (steps, max) => {
      const watched = new WatchedQueue(max);
      for (const [number, one] of steps.entries()) {
        if (one.type === 'add') watched.add({ owner: one.owner, number });
        else if (one.type === 'next') watched.next();
        else watched.remove(one.at);
      }
      watched.clear();
    });
    fc.assert(property);
  });

  it('starves nobody: whoever waits is served once before anybody is served twice', () => {
    const property = fc.property(fc.array(owner, { maxLength: 40 }), (owners) => {
      const queue = new FairQueue<string>(100);
      for (const one of owners) queue.add(one, one);
      const served = owners.map(() => queue.next() ?? 'nobody');
      const places = Map.groupBy(served.entries(), ([, one]) => one);
      // In the nth round each owner who has as many is served: so the nth turns of all stand together.
      const roundOf = new Map<number, number>();
      for (const turns of places.values()) {
        for (const [round, [place]] of turns.entries()) roundOf.set(place, round);
      }
      const rounds = owners.map((_, place) => roundOf.get(place) ?? -1);
      expect(rounds).toEqual(rounds.toSorted((one, other) => one - other));
    });
    fc.assert(property);
  });

  it('lets nobody fill it alone: whoever comes has a place until all have as much', () => {
    const queue = new FairQueue<string>(4);
    for (const item of ['a1', 'a2', 'a3', 'a4']) expect(queue.add('a', item)).toBeUndefined();
    expect(queue.add('a', 'a5')).toBe('a5');
    expect(queue.add('b', 'b1')).toBe('a4');
    expect(queue.add('b', 'b2')).toBe('a3');
    expect(queue.add('b', 'b3')).toBe('b3');
    expect([queue.next(), queue.next(), queue.next(), queue.next()]).toEqual([
      'a1',
      'b1',
      'a2',
      'b2',
    ]);
  });
});
