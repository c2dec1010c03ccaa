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
      what: fc.constantFrom('add', 'add', 'take', 'store', 'give-back'),
      provider: fc.constantFrom('p', 'q', 'r'),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const waiting = new WaitingEvents(8, 4);
        let taken: OwnerEvent[] = [];
        let added = 0;
        let lost = 0;
        let stored = 0;
        for (const { what, provider } of steps) {
          if (what === 'add') lost += waiting.add(event(`${++added}`, provider));
          if (what === 'take') taken.push(...[waiting.take()].filter((one) => one !== undefined));
          if (what === 'give-back') waiting.giveBack();
          if (what === 'give-back') taken = [];
          const before = waiting.size;
          if (what === 'store') waiting.remove(taken.shift()?.eventId ?? '');
          stored += before - waiting.size;
          expect(waiting.size).toBeLessThanOrEqual(8);
          for (const name of ['p', 'q', 'r']) {
            const own = waiting.all().filter(({ providerId }) => providerId === name);
            expect(own.length).toBeLessThanOrEqual(4);
          }
        }
        expect(waiting.size + lost + stored).toBeLessThanOrEqual(added);
        expect(new Set(idsOf(waiting)).size).toBe(waiting.size);
      }),
    );
  });
});
