import type { OwnerEvent } from '@aisbf/contracts';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { kindOf } from './owner-event.js';
import { ownerHistory } from './owner-history.js';

let ids = 0;
const told = (changes: Partial<OwnerEvent>): OwnerEvent => {
  ids += 1;
  const event: OwnerEvent = {
    type: 'owner-event',
    eventId: `id-${ids}`,
    brokerId: 'near',
    username: 'seller',
    providerId: 'p',
    providerName: 'rig',
    kind: 'session',
    event: 'worker-refused',
    clientId: 'c',
    sessionId: null,
    detail: null,
    count: 1,
    atMs: ids,
    ...changes,
  };
  return { ...event, kind: kindOf(event) };
};

describe(ownerHistory, () => {
  it('joins the same refusals in a row, whichever instance told of them', () => {
    const history = ownerHistory(
      [
        told({ detail: 'wrong_token', count: 3, atMs: 1 }),
        told({ detail: 'wrong_token', count: 2, atMs: 3, brokerId: 'far' }),
        told({ event: 'session-opened', atMs: 2 }),
        told({ detail: 'wrong_token', clientId: 'other', atMs: 4 }),
        told({ detail: 'wrong_token', atMs: 5 }),
      ],
      100,
    );
    expect(history.map(({ event, count, atMs }) => [event, count, atMs])).toEqual([
      ['session-opened', 1, 2],
      ['worker-refused', 5, 3],
      ['worker-refused', 1, 4],
      ['worker-refused', 1, 5],
    ]);
  });

  it('takes an event that came twice once, with the larger count', () => {
    const seen = told({ detail: 'wrong_token', count: 4 });
    expect(ownerHistory([seen, { ...seen, count: 7 }, seen], 100)).toEqual([{ ...seen, count: 7 }]);
  });

  it('keeps the order of what happened in the same millisecond', () => {
    const events = [
      told({ event: 'session-opened', atMs: 9 }),
      told({ event: 'session-registered', atMs: 9 }),
      told({ event: 'session-closed', atMs: 9 }),
    ];
    expect(ownerHistory(events, 100)).toEqual(events);
  });

  it('keeps the latest of each kind, so that no kind pushes another out', () => {
    const one = fc.record({
      event: fc.constantFrom('session-opened', 'worker-refused', 'worker-refused'),
      detail: fc.constantFrom('wrong_token', 'client_missing'),
      clientId: fc.constantFrom('a', 'b'),
      atMs: fc.nat(1_000),
    });
    fc.assert(
      fc.property(
        fc.array(one, { maxLength: 100 }),
        fc.integer({ min: 1, max: 10 }),
        (all, max) => {
          const events = all.map((changes) => told(changes as Partial<OwnerEvent>));
          const history = ownerHistory(events, max);
          for (const kind of ['session', 'refusal', 'stranger']) {
            const shown = history.filter((event) => event.kind === kind);
            const whole = ownerHistory(events, 1_000).filter((event) => event.kind === kind);
            expect(shown).toEqual(whole.slice(-max));
          }
          const times = history.map(({ atMs }) => atMs);
          expect(times).toEqual([...times].sort((a, b) => a - b));
          const counted = ownerHistory(events, 1_000).reduce((sum, { count }) => sum + count, 0);
          expect(counted).toBe(events.length);
        },
      ),
    );
  });
});
