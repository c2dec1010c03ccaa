import type { Extend } from '@aisbf/contracts';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  authoriseBy,
  leaseFor,
  type Owner,
  openLedger,
  settleOf,
  ticketOf,
} from './ledger-bench.js';

let ledger: Awaited<ReturnType<typeof openLedger>>;
let buyer: Owner;
let seller: Owner;

beforeAll(async () => {
  ledger = await openLedger();
  seller = await ledger.owner();
});
beforeEach(async () => {
  buyer = await ledger.richOwner(1_000_000n);
});
afterAll(async () => {
  expect(await ledger.violations()).toEqual([]);
  await ledger.close();
});

const inAnHour = () => Date.now() + 3_600_000;

/** A session for which money is held. */
async function session() {
  const command = authoriseBy(buyer, seller, { amount: '400' });
  await ledger.store.authorise(command, false);
  const { requestId } = command;
  return {
    command,
    extend: (tokens: number, more: Partial<Extend> = {}) =>
      ledger.authorisation.extend({
        ...{ type: 'extend', requestId, holdEpoch: 1, ticket: null, servedPosition: 0 },
        ...{ units: { completion_token: tokens }, renewUntilMs: inAnHour(), ...more },
      }),
    expiresAtMs: async () => {
      const text = 'SELECT expires_at FROM hold WHERE id = $1';
      const { rows } = await ledger.admin.query<{ expires_at: Date }>(text, [requestId]);
      return rows[0]?.expires_at.getTime();
    },
  };
}

async function change(text: string): Promise<void> {
  await ledger.admin.query(`UPDATE api_token SET ${text} WHERE id = $1`, [buyer.apiTokenId]);
}

describe('the hold of a session', () => {
  it('grows and lives on, also where it need not grow, and never ends sooner', async () => {
    const { extend, expiresAtMs } = await session();
    const until = inAnHour();
    expect(await extend(1_000, { renewUntilMs: until })).toEqual({
      result: 'held',
      amount: '1000',
    });
    expect(await expiresAtMs()).toBe(until);
    expect(await extend(0, { renewUntilMs: until + 5 })).toEqual({
      result: 'held',
      amount: '1000',
    });
    expect(await extend(0, { renewUntilMs: 1 })).toEqual({ result: 'held', amount: '1000' });
    expect(await expiresAtMs()).toBe(until + 5);
  });

  it('stays as it is, and as long, where there is no money for more', async () => {
    const { extend, expiresAtMs } = await session();
    const before = await expiresAtMs();
    expect(await extend(2_000_000)).toEqual({ result: 'insufficient_balance', amount: '400' });
    await ledger.setBudget(buyer, { period: 'day', amount: 500n });
    expect(await extend(501)).toEqual({ result: 'budget_exceeded', amount: '400' });
    expect(await expiresAtMs()).toBe(before);
  });

  it.each(['revoked_at = now()', "expires_at = now() - interval '1 second'"])(
    'gets no more once its token is not good any more (%s), and is settled all the same',
    async (ending) => {
      const { command, extend, expiresAtMs } = await session();
      const before = await expiresAtMs();
      await change(ending);
      expect(await extend(1_000)).toEqual({ result: 'token_revoked', amount: '400' });
      expect(await extend(0)).toEqual({ result: 'token_revoked', amount: '400' });
      expect(await expiresAtMs()).toBe(before);
      const settled = await ledger.settlement.settle(
        settleOf(command, { units: { completion_token: 300 } }),
      );
      expect(settled).toMatchObject({ result: 'settled', charged: '300' });
    },
  );

  it('is gone with the session, and for whoever holds an old epoch', async () => {
    const { command, extend } = await session();
    await expect(extend(500, { holdEpoch: 2 })).rejects.toMatchObject({ code: 'HOLD_MISSING' });
    await ledger.settlement.settle(settleOf(command));
    await expect(extend(500)).rejects.toMatchObject({ code: 'HOLD_MISSING' });
  });

  it('is never part of a lease', async () => {
    const { leaseId } = await leaseFor(ledger, buyer, '20000');
    const request = authoriseBy(buyer, seller);
    const { extend } = await session();
    const ticket = ticketOf(request, leaseId);
    await expect(extend(10, { requestId: request.requestId, ticket })).rejects.toMatchObject({
      code: 'SETTLEMENT_INVALID',
    });
  });
});
