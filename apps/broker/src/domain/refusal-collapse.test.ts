import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { OwnerNews } from './owner-event.js';
import { type CountedNews, RefusalCollapse } from './refusal-collapse.js';

const subject = { providerId: 'p', providerName: 'rig', username: 'seller' };
const limits = { roundMs: 60_000, roundMsMax: 480_000 };

const refusal = (clientId: string, atMs: number, detail = 'wrong_token'): OwnerNews => ({
  event: 'worker-refused',
  clientId,
  sessionId: null,
  detail,
  atMs,
});

function stage() {
  let ids = 0;
  const collapse = new RefusalCollapse(limits, () => `id-${++ids}`);
  return collapse;
}

describe(RefusalCollapse, () => {
  it('tells of the first refusal at once, and of its repeats when the round ends', () => {
    const collapse = stage();
    expect(collapse.take(subject, refusal('c', 0))).toMatchObject({ count: 1 });
    expect(collapse.take(subject, refusal('c', 10))).toBeUndefined();
    expect(collapse.take(subject, refusal('c', 20))).toBeUndefined();
    const [counted] = collapse.untold();
    expect(counted).toMatchObject({ count: 2, news: { atMs: 20 } });
    expect(collapse.endRounds(59_999)).toEqual([]);
    expect(collapse.endRounds(60_000)).toEqual([counted]);
    expect(collapse.untold()).toEqual([]);
  });

  it('makes each round of a refusal that goes on twice as long, and forgets one that stops', () => {
    const collapse = stage();
    const toldAt: number[] = [];
    for (let atMs = 0; atMs < 3_600_000; atMs += 1_000) {
      if (collapse.take(subject, refusal('c', atMs))) toldAt.push(atMs / 60_000);
      if (collapse.endRounds(atMs).length > 0) toldAt.push(atMs / 60_000);
    }
    expect(toldAt).toEqual([0, 1, 3, 7, 15, 23, 31, 39, 47, 55]);
    collapse.endRounds(10_000_000);
    collapse.endRounds(20_000_000);
    expect(collapse.take(subject, refusal('c', 20_000_001))).toMatchObject({ count: 1 });
  });

  it('tells every other event by itself', () => {
    const collapse = stage();
    const opened: OwnerNews = { ...refusal('c', 0), event: 'session-opened', detail: null };
    expect(collapse.take(subject, opened)).toMatchObject({ news: opened, count: 1 });
    expect(collapse.take(subject, opened)).toMatchObject({ news: opened, count: 1 });
  });

  it('tells few client ids apart, so that a stranger who makes them up adds little', () => {
    const collapse = stage();
    const told = Array.from({ length: 1_000 }, (_, number) =>
      collapse.take(subject, refusal(`made-up-${number}`, number)),
    ).filter((one) => one !== undefined);
    expect(told).toHaveLength(17);
    expect(told.at(-1)?.news.clientId).toBe('*');
    expect(collapse.untold()).toMatchObject([{ count: 983, news: { clientId: '*' } }]);
    // Nor does that hide one who has shown a token.
    const own = collapse.take(subject, refusal('mine', 1_001, 'client_not_allowed'));
    expect(own?.news.clientId).toBe('mine');
  });

  it('loses no refusal and counts none twice, whoever comes when', () => {
    const step = fc.record({
      clientId: fc.constantFrom('a', 'b', 'c'),
      detail: fc.constantFrom('wrong_token', 'token_expired', 'client_missing'),
      providerId: fc.constantFrom('p', 'q'),
      waitMs: fc.nat(100_000),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const collapse = stage();
        const told: CountedNews[] = [];
        let nowMs = 0;
        for (const { clientId, detail, providerId, waitMs } of steps) {
          nowMs += waitMs;
          told.push(...collapse.endRounds(nowMs));
          const one = collapse.take({ ...subject, providerId }, refusal(clientId, nowMs, detail));
          if (one) told.push(one);
        }
        told.push(...collapse.untold());
        expect(told.reduce((sum, { count }) => sum + count, 0)).toBe(steps.length);
        expect(new Set(told.map(({ eventId }) => eventId)).size).toBe(told.length);
      }),
    );
  });
});
