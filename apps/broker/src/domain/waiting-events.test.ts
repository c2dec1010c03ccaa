import type { OwnerEvent } from '@aisbf/contracts';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { WaitingEvents } from './waiting-events.js';

const event = (eventId: string, providerId = 'p'): OwnerEvent => ({
  type: 'owner-event',
  eventId,
  brokerId: 'near',
  username: 'seller',
  providerId,
  providerName: 'rig',
  kind: 'session',
  event: 'session-opened',
  clientId: 'c',
  sessionId: null,
  detail: null,
  count: 1,
  atMs: 0,
});
const idsOf = (waiting: WaitingEvents) => waiting.all().map(({ eventId }) => eventId);

describe(WaitingEvents, () => {
  it('gives the oldest first, and again first what has not arrived', () => {
    const waiting = new WaitingEvents(10, 10);
    for (const id of ['1', '2', '3']) waiting.add(event(id));
    expect([waiting.take(), waiting.take()].map((one) => one?.eventId)).toEqual(['1', '2']);
    waiting.remove('2');
    expect(waiting.size).toBe(2);
    waiting.giveBack();
    expect([waiting.take(), waiting.take(), waiting.take()].map((one) => one?.eventId)).toEqual([
      '1',
      '3',
      undefined,
    ]);
  });

  it('keeps of one subject only what is stored at all, which is no loss', () => {
    const waiting = new WaitingEvents(1_000, 3);
    for (let number = 0; number < 100; number += 1) {
      expect(waiting.add(event(`${number}`))).toBe(0);
    }
    waiting.add(event('other', 'q'));
    expect(idsOf(waiting)).toEqual(['97', '98', '99', 'other']);
  });

  it('drops the oldest when it is full, and says so', () => {
    const waiting = new WaitingEvents(2, 10);
    expect(waiting.add(event('1', 'a'))).toBe(0);
    waiting.take();
    expect(waiting.add(event('2', 'b'))).toBe(0);
    expect(waiting.add(event('3', 'c'))).toBe(1);
    expect(idsOf(waiting)).toEqual(['1', '3']);
  });

  it('never holds more than its limits, and loses nothing below them', () => {
    const step = fc.record({
      what: fc.constantFrom('add', 'add', 'take', 'store', 'giveBack'),
      provider: fc.constantFrom(...providers),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const play = new Play();
        for (const { what, provider } of steps) {
          play[what](provider);
          expect(play.waiting.size).toBeLessThanOrEqual(8);
          expect(Math.max(...providers.map((name) => play.countOf(name)))).toBeLessThanOrEqual(4);
        }
        const ids = idsOf(play.waiting);
        expect(new Set(ids).size).toBe(play.waiting.size);
        // Whatever is not there any more was stored, lost, or outdated by newer ones of its subject.
        for (const id of play.added.slice(-1)) expect([...ids, ...play.stored]).toContain(id);
        expect(ids.length + play.lost + play.stored.length).toBeLessThanOrEqual(play.added.length);
      }),
    );
  });
});

const providers = ['p', 'q', 'r'] as const;

/** Does at random what may be done with waiting events. */
class Play {
  readonly waiting = new WaitingEvents(8, 4);
  readonly added: string[] = [];
  readonly stored: string[] = [];
  lost = 0;
  private taken: string[] = [];

  add(provider: string): void {
    const id = String(this.added.length);
    this.added.push(id);
    this.lost += this.waiting.add(event(id, provider));
  }

  take(): void {
    const taken = this.waiting.take();
    if (taken) this.taken.push(taken.eventId);
  }

  store(): void {
    const id = this.taken.shift();
    if (id === undefined || !idsOf(this.waiting).includes(id)) return;
    this.waiting.remove(id);
    this.stored.push(id);
  }

  giveBack(): void {
    this.waiting.giveBack();
    this.taken = [];
  }

  countOf(provider: string): number {
    return this.waiting.all().filter(({ providerId }) => providerId === provider).length;
  }
}
