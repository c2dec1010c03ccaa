import type { OwnerEvent } from '@aisbf/contracts';
import { SystemClock } from '@aisbf/platform';
import { until } from '@aisbf/testkit';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { EventSubject, OwnerNews } from '../domain/owner-event.js';
import { OwnerEventLog, OwnerEventStore } from './owner-event-log.js';

/** A store that may be away, and that takes each event only when the event loop has gone round. */
class ListedStore extends OwnerEventStore {
  readonly events: OwnerEvent[] = [];
  isAway = false;
  ensured = 0;
  underWay = 0;
  underWayMost = 0;

  override async ensure(): Promise<void> {
    if (this.isAway) throw new Error('away');
    this.ensured += 1;
  }

  override async append(event: OwnerEvent): Promise<void> {
    this.underWay += 1;
    this.underWayMost = Math.max(this.underWay, this.underWayMost);
    await new Promise((resolve) => setImmediate(resolve));
    this.underWay -= 1;
    if (this.isAway) throw new Error('away');
    this.events.push(event);
  }

  override async read(): Promise<readonly OwnerEvent[]> {
    return this.events;
  }
}

const subject = (number = 0): EventSubject => ({
  providerId: `11111111-1111-4111-8111-${String(number).padStart(12, '0')}`,
  providerName: 'rig',
  username: 'seller',
});
const news = (sessionId: string): OwnerNews => ({
  event: 'session-opened',
  clientId: 'c',
  sessionId,
  detail: null,
  atMs: 0,
});
const refused: OwnerNews = {
  event: 'worker-refused',
  clientId: 'c',
  sessionId: null,
  detail: 'wrong_token',
  atMs: 0,
};

const logs: OwnerEventLog[] = [];
afterEach(async () => {
  for (const log of logs.splice(0)) await log.close(0);
});

function stage() {
  const store = new ListedStore();
  const counts = { stored: 0, lost: 0, away: 0 };
  const watcher = {
    onStored: () => {
      counts.stored += 1;
    },
    onLost: (count: number) => {
      counts.lost += count;
    },
    onAway: () => {
      counts.away += 1;
    },
  };
  const log = new OwnerEventLog(store, watcher, new SystemClock(), {
    brokerId: 'near',
    waitingMax: 50_000,
    perSubjectMax: 100,
    underWayMax: 8,
    roundMs: 60_000,
    roundMsMax: 60_000,
    retryMs: 5,
  });
  logs.push(log);
  return { store, counts, log };
}

const idsIn = (store: ListedStore) => store.events.map(({ sessionId }) => sessionId);

describe(OwnerEventLog, () => {
  it('stores what is recorded, in order, and does not wait for it', async () => {
    const { store, log } = stage();
    log.record(subject(), news('before the start'));
    log.start();
    log.record(subject(), news('after it'));
    expect(store.events).toEqual([]);
    expect(log.unstored().map(({ sessionId }) => sessionId)).toEqual([
      'before the start',
      'after it',
    ]);
    await until(() => log.waitingCount === 0);
    expect(idsIn(store)).toEqual(['before the start', 'after it']);
    expect(log.unstored()).toEqual([]);
  });

  it('writes a storm of ten thousand reconnections a few at a time, while everything else goes on', async () => {
    const { store, counts, log } = stage();
    log.start();
    for (let number = 0; number < 10_000; number += 1) {
      for (const step of ['opened', 'registered', 'closed']) {
        log.record(subject(number), news(`${number} ${step}`));
      }
    }
    let turns = 0;
    await until(() => {
      turns += 1;
      return log.waitingCount === 0;
    });
    expect(turns).toBeGreaterThan(1);
    expect(store.underWayMost).toBe(8);
    expect(counts).toEqual({ stored: 30_000, lost: 0, away: 0 });
  });

  it('writes no more of one provider than is kept of it', async () => {
    const { store, counts, log } = stage();
    for (let number = 0; number < 10_000; number += 1) log.record(subject(), news(`${number}`));
    log.start();
    await until(() => log.waitingCount === 0);
    expect(idsIn(store)).toEqual(Array.from({ length: 100 }, (_, place) => `${9_900 + place}`));
    expect(counts.lost).toBe(0);
  });

  it('keeps what happens while the store is away, and makes the store again', async () => {
    const { store, counts, log } = stage();
    log.start();
    log.record(subject(), news('1'));
    await until(() => store.events.length === 1);
    store.isAway = true;
    log.record(subject(), news('2'));
    await until(() => counts.away > 0);
    log.record(subject(), news('3'));
    expect(store.events).toHaveLength(1);
    store.isAway = false;
    await until(() => log.waitingCount === 0);
    expect(idsIn(store)).toEqual(['1', '2', '3']);
    expect(store.ensured).toBe(2);
    expect(counts.lost).toBe(0);
  });

  it('says how many it has lost, when it was full and when it leaves', async () => {
    const { store, counts, log } = stage();
    store.isAway = true;
    log.start();
    for (let number = 0; number < 50_001; number += 1) {
      log.record(subject(number), news(`${number}`));
    }
    expect(counts.lost).toBe(1);
    await log.close(0);
    expect(counts.lost).toBe(50_001);
  });

  it('tells what it is still counting when it leaves', async () => {
    const { store, log } = stage();
    log.start();
    for (let count = 0; count < 5; count += 1) log.record(subject(), refused);
    expect(log.unstored().reduce((sum, { count }) => sum + count, 0)).toBe(5);
    await log.close(1_000);
    expect(store.events.map(({ count }) => count)).toEqual([1, 4]);
  });

  it('cuts the words of a stranger to what an event may hold', async () => {
    const { store, log } = stage();
    log.start();
    log.record(subject(), { ...refused, clientId: 'c'.repeat(999), detail: 'd'.repeat(9_999) });
    await until(() => log.waitingCount === 0);
    expect(store.events[0]?.clientId).toHaveLength(256);
    expect(store.events[0]?.detail).toHaveLength(1_000);
  });
});
