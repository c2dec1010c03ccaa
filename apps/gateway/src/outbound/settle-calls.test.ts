import type { Settle, Settled } from '@aisbf/contracts';
import { Fault } from '@aisbf/faults';
import type { InternalClient } from '@aisbf/platform';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { SettleCalls, type SettleCallsLimits } from './settle-calls.js';

const limits = { callsMax: 2, itemsMax: 5, bytesMax: 100_000, apartMs: 0 };

const report = (n: number, ticket: string | null = null): Settle => ({
  type: 'settle',
  requestId: `req_${n.toString(16).padStart(32, '0')}`,
  holdEpoch: 1,
  ticket,
  outcome: 'completed',
  servedPosition: 0,
  units: {},
  reported: null,
  finishReason: null,
  attempts: [],
  startedAtMs: 0,
  firstByteAtMs: null,
  endedAtMs: 0,
});

const refusal = (kind: 'missing' | 'unavailable' | 'oversized') =>
  new Fault({ code: 'REFUSED', kind, message: 'no', details: {} });

/** Accounts that answer when they are let, and refuse what the test says. */
function fakeAccounts(refused: ReadonlySet<string> = new Set()) {
  const calls: (readonly string[])[] = [];
  const state = { underWay: 0, underWayMost: 0, wholeFailure: undefined as Fault | undefined };
  let letGo = Promise.withResolvers<void>();
  const settled = ({ requestId }: Settle): Settled => ({
    requestId,
    result: 'settled',
    charged: '1',
  });
  const answer = async (body: unknown): Promise<unknown> => {
    const message = body as Settle | { type: 'settle-all'; settlements: Settle[] };
    const reports = message.type === 'settle' ? [message] : message.settlements;
    calls.push(reports.map(({ requestId }) => requestId));
    state.underWay += 1;
    state.underWayMost = Math.max(state.underWayMost, state.underWay);
    await letGo.promise;
    state.underWay -= 1;
    if (state.wholeFailure && message.type === 'settle-all') throw state.wholeFailure;
    if (message.type === 'settle') {
      if (refused.has(message.requestId)) throw refusal('missing');
      return settled(message);
    }
    return {
      results: reports.map((one) =>
        refused.has(one.requestId) ? { fault: refusal('missing').toData() } : settled(one),
      ),
    };
  };
  const client = { post: (_path: string, body: unknown) => answer(body) };
  return {
    calls,
    state,
    client: client as unknown as Pick<InternalClient, 'post'>,
    letGo: () => letGo.resolve(),
    hold: () => {
      letGo = Promise.withResolvers<void>();
    },
  };
}

const nextTurn = () => new Promise<void>((resolve) => setImmediate(() => setImmediate(resolve)));

async function settleAll(
  accounts: ReturnType<typeof fakeAccounts>,
  reports: readonly Settle[],
  change: Partial<SettleCallsLimits> = {},
) {
  const calls = new SettleCalls(accounts.client, { ...limits, ...change });
  const results = Promise.allSettled(reports.map((one) => calls.settle(one)));
  await nextTurn();
  accounts.letGo();
  return results;
}

describe(SettleCalls, () => {
  it('sends what waits in one call, and what comes meanwhile in the next', async () => {
    const accounts = fakeAccounts();
    const calls = new SettleCalls(accounts.client, { ...limits, callsMax: 1 });
    const first = calls.settle(report(0));
    await nextTurn();
    const others = [1, 2, 3].map((n) => calls.settle(report(n)));
    await nextTurn();
    expect(accounts.calls).toHaveLength(1);
    accounts.letGo();
    await Promise.all([first, ...others]);
    expect(accounts.calls.map(({ length }) => length)).toEqual([1, 3]);
  });

  it('lets what comes soon after a call began wait for others, until the next is full or due', async () => {
    const accounts = fakeAccounts();
    accounts.letGo();
    const patient = new SettleCalls(accounts.client, {
      ...limits,
      itemsMax: 3,
      apartMs: 3_600_000,
    });
    await patient.settle(report(0));
    const waiting = [1, 2].map((n) => patient.settle(report(n)));
    await nextTurn();
    expect(accounts.calls).toHaveLength(1);
    await Promise.all([...waiting, patient.settle(report(3))]);
    expect(accounts.calls.map(({ length }) => length)).toEqual([1, 3]);

    const quick = new SettleCalls(accounts.client, { ...limits, apartMs: 20 });
    await Promise.all([quick.settle(report(4)), nextTurn().then(() => quick.settle(report(5)))]);
    expect(accounts.calls).toHaveLength(4);
  });

  it('gives each report its own answer, however they are refused and however many there are', async () => {
    const property = fc.asyncProperty(
      fc.array(fc.boolean(), { minLength: 1, maxLength: 30 }),
      fc.integer({ min: 1, max: 7 }),
      fc.integer({ min: 1, max: 3 }),
      async (isGood, itemsMax, callsMax) => {
        const reports = isGood.map((_, n) => report(n));
        const bad = reports.filter((_, n) => !isGood[n]).map(({ requestId }) => requestId);
        const accounts = fakeAccounts(new Set(bad));
        const results = await settleAll(accounts, reports, { itemsMax, callsMax });
        expect(results.map(({ status }) => status === 'fulfilled')).toEqual(isGood);
        expect(accounts.calls.flat().sort()).toEqual(reports.map(({ requestId }) => requestId));
        expect(Math.max(...accounts.calls.map(({ length }) => length))).toBeLessThanOrEqual(
          itemsMax,
        );
        expect(accounts.state.underWayMost).toBeLessThanOrEqual(callsMax);
      },
    );
    await fc.assert(property);
  });

  it('lets every report of a call that found nobody go its own way', async () => {
    const accounts = fakeAccounts();
    accounts.state.wholeFailure = refusal('unavailable');
    const results = await settleAll(accounts, [report(1), report(2)]);
    expect(results).toMatchObject([
      { status: 'rejected', reason: { kind: 'unavailable' } },
      { status: 'rejected', reason: { kind: 'unavailable' } },
    ]);
    expect(accounts.calls).toHaveLength(1);
  });

  it('asks for each alone where the call itself is refused', async () => {
    const bad = report(1);
    const accounts = fakeAccounts(new Set([bad.requestId]));
    accounts.state.wholeFailure = refusal('oversized');
    const results = await settleAll(accounts, [bad, report(2), report(3)]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled']);
  });

  it('keeps a call below the size that accounts take, but sends a report that is larger by itself', async () => {
    const accounts = fakeAccounts();
    const large = 'x'.repeat(60_000);
    const results = await settleAll(
      accounts,
      [report(1, large), report(2, large), report(3, 'x'.repeat(200_000))],
      { callsMax: 1 },
    );
    expect(results.every(({ status }) => status === 'fulfilled')).toBe(true);
    expect(accounts.calls.map(({ length }) => length)).toEqual([1, 1, 1]);
  });
});
