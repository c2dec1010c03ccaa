import type { Settle } from '@aisbf/contracts';
import { Fault } from '@aisbf/faults';
import type { Clock } from '@aisbf/platform';
import { describe, expect, it } from '@jest/globals';
import type { BatchWorkStore, LineEnding } from './batch-store.js';
import { BatchTerms, type ClaimedBatch } from './claimed-batch.js';
import { LineEnds, type LineGo } from './line-ends.js';
import type { Settlements } from './settlements.js';

const requestId = `req_${'0'.repeat(32)}`;
const answer = { status: 200, contentType: 'application/json', body: Buffer.from('{}') };
const away = () => new Fault({ code: 'AWAY', kind: 'unavailable', message: 'Away.', details: {} });

const settlement: Settle = {
  ...{ type: 'settle', requestId, holdEpoch: 1, ticket: null },
  ...{ outcome: 'completed', servedPosition: 0, units: { completion_token: 7 }, reported: null },
  ...{ finishReason: 'stop', attempts: [], startedAtMs: 1, firstByteAtMs: 2, endedAtMs: 3 },
};

/** What accounts has been told, where it fails so many times before it hears. */
function ends(failures = 0) {
  const told = { recorded: [] as LineEnding[], settled: [] as Settle[], reported: [] as Settle[] };
  let failing = failures;
  const heard = async <Told>(list: Told[], what: Told) => {
    if (failing > 0) {
      failing -= 1;
      throw away();
    }
    list.push(what);
    return true;
  };
  const store = {
    record: (ending: LineEnding) => heard(told.recorded, ending),
    postpone: async () => undefined,
  } as Partial<BatchWorkStore> as BatchWorkStore;
  const settlements = {
    settleNow: async (one: Settle) => void (await heard(told.settled, one)),
    report: (one: Settle) => void told.reported.push(one),
  } as Partial<Settlements> as Settlements;
  const retries = { firstMs: 1, mostMs: 1, triesMax: 1 };
  const lines = { atOnceMax: 1, countMax: 1, bytesMax: 1 };
  const terms = new BatchTerms(1_000, 1_000, lines, 1, retries, { charactersMax: 1 });
  let nowMs = 0;
  const clock = { nowMs: () => (nowMs += 100) } as Partial<Clock> as Clock;
  return { told, ends: new LineEnds(store, settlements, terms, clock) };
}

function goOf(outcome: Settle['outcome'] = 'completed'): LineGo {
  const batch = {
    claim: { batchId: `batch_${'0'.repeat(32)}`, runnerId: 'one' },
    series: { seal: (bytes: Buffer) => bytes },
  } as object as ClaimedBatch;
  const line = { position: 3, requestId, offset: 0, length: 1, tries: 0, pauses: 0 };
  const ended = { settlement: { ...settlement, outcome }, holdExpiresAtMs: 9 };
  return { batch, line, customId: 'three', ended };
}

describe(LineEnds, () => {
  it('tells of an answer with what it costs, as often as it takes to be heard', async () => {
    const { told, ends: tried } = ends(2);
    expect(await tried.answered(goOf(), answer)).toBe(true);
    expect(told.recorded).toMatchObject([
      { position: 3, requestId, result: 'output', settlement: { outcome: 'completed' } },
    ]);
    expect(told.settled).toEqual([]);
  });

  it('gives up an answer that is not heard of for as long as its claim may last', async () => {
    const { told, ends: tried } = ends(1_000);
    await expect(tried.answered(goOf(), answer)).rejects.toMatchObject({ kind: 'unavailable' });
    expect(told.recorded).toEqual([]);
  }, 20_000);

  it.each(['completed', 'buyer_left'] as const)(
    'has nobody pay for an answer that is not kept, though it is %s',
    async (outcome) => {
      const { told, ends: tried } = ends();
      await tried.release(goOf(outcome));
      await tried.postpone(goOf(outcome), false, undefined);
      await tried.refused(goOf(outcome), 413, '{}');
      const settled = [...told.settled, ...told.recorded.map((one) => one.settlement)];
      expect(settled.map((one) => one?.outcome)).toEqual(Array(3).fill('not_served'));
    },
  );

  it('leaves an end that costs nothing as it is, and has it delivered later where it is not heard', async () => {
    const { told, ends: tried } = ends(1);
    await tried.release(goOf('seller_failed'));
    expect(told.reported).toMatchObject([{ outcome: 'seller_failed' }]);
    expect(told.settled).toEqual([]);
  });
});
