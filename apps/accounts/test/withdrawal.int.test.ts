import type { Authorise } from '@aisbf/contracts';
import { until } from '@aisbf/testkit';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { PoolClient } from 'pg';
import { toAuthoriseItem } from '../src/outbound/pg-ledger-item.js';
import { authoriseBy, type Owner, openLedger, settleOf } from './ledger-bench.js';

let ledger: Awaited<ReturnType<typeof openLedger>>;
let seller: Owner;

beforeAll(async () => {
  ledger = await openLedger({ connections: 32 });
  seller = await ledger.owner();
});
afterEach(async () => {
  expect(await ledger.violations()).toEqual([]);
});
afterAll(() => ledger.close());

const withdraw = async (requestId: string) =>
  (await ledger.withdrawal.withdraw({ type: 'withdraw', requestId })).result;

const walletOf = ({ ownerId }: Owner) => ledger.reader.wallet(ownerId);

describe('withdraw', () => {
  it('ends a hold, tells of it once, and leaves nothing to settle', async () => {
    const buyer = await ledger.richOwner(1000n);
    const hold = authoriseBy(buyer, seller);
    await ledger.authorisation.authorise(hold);
    expect(await withdraw(hold.requestId)).toBe('released');
    expect(await walletOf(buyer)).toMatchObject({ posted: 1000n, held: 0n });
    expect(await withdraw(hold.requestId)).toBe('replay');
    expect(await ledger.settlement.settle(settleOf(hold))).toMatchObject({
      result: 'replay',
      charged: '0',
    });
    expect(await ledger.reader.receipt(buyer.ownerId, hold.requestId)).toMatchObject({
      state: 'released',
      outcome: 'not_served',
    });
    const { rows } = await ledger.admin.query<{ outcome: string }>(
      `SELECT u ->> 'outcome' AS outcome FROM outbox, json_array_elements(usage_event(payload) -> 'usages') u
       WHERE u ->> 'requestId' = $1`,
      [hold.requestId],
    );
    expect(rows).toEqual([{ outcome: 'not_served' }]);
  });

  it('prevents a hold that it overtakes, however often that comes', async () => {
    const buyer = await ledger.richOwner(1000n);
    const hold = authoriseBy(buyer, seller);
    expect(await withdraw(hold.requestId)).toBe('prevented');
    for (const order of [hold, hold, { ...hold, amount: '999' }]) {
      await expect(ledger.authorisation.authorise(order)).rejects.toMatchObject({
        code: 'REQUEST_WITHDRAWN',
        kind: 'conflict',
      });
    }
    expect(await withdraw(hold.requestId)).toBe('replay');
    expect(await walletOf(buyer)).toMatchObject({ posted: 1000n, held: 0n });
    await expect(ledger.settlement.settle(settleOf(hold))).rejects.toMatchObject({
      code: 'HOLD_MISSING',
    });
  });

  it('does not let an admission be repeated whose hold it has ended', async () => {
    const buyer = await ledger.richOwner(1000n);
    const hold = authoriseBy(buyer, seller);
    await ledger.authorisation.authorise(hold);
    await withdraw(hold.requestId);
    await expect(ledger.authorisation.authorise(hold)).rejects.toMatchObject({
      code: 'REQUEST_WITHDRAWN',
    });
  });

  it('changes nothing for a request that has ended otherwise', async () => {
    const buyer = await ledger.richOwner(1000n);
    const [settled, expired, declined] = [
      authoriseBy(buyer, seller),
      authoriseBy(buyer, seller, { amount: '0', expiresAtMs: Date.now() - 1 }),
      authoriseBy(buyer, seller, { amount: '1001' }),
    ];
    for (const hold of [settled, expired, declined]) await ledger.store.authorise(hold, false);
    await ledger.settlement.settle(settleOf(settled));
    await ledger.store.reapExpired(10);
    for (const { requestId } of [settled, expired, declined]) {
      expect(await withdraw(requestId)).toBe('replay');
    }
    expect(await walletOf(buyer)).toMatchObject({ posted: 700n, held: 0n });
    expect(await ledger.store.authorise(declined, false)).toEqual({
      declined: 'insufficient_balance',
    });
  });

  it('frees the place among the requests that a token may run at once', async () => {
    const buyer = await ledger.richOwner(5000n);
    const first = authoriseBy(buyer, seller, { concurrencyMax: 1 });
    await ledger.store.authorise(first, false);
    await withdraw(first.requestId);
    expect(
      await ledger.store.authorise(authoriseBy(buyer, seller, { concurrencyMax: 1 }), false),
    ).toHaveProperty('holdEpoch');
  });
});

describe('an admission and its withdrawal', () => {
  /** Runs one in a transaction that stays open until the other waits for it. */
  async function whileUncommitted<Result>(
    first: (client: PoolClient) => Promise<unknown>,
    second: () => Promise<Result>,
  ): Promise<Result> {
    const client = await ledger.pool.connect();
    try {
      await client.query('BEGIN');
      await first(client);
      const waiting = second();
      await until(async () => {
        const { rows } = await ledger.admin.query(
          `SELECT FROM pg_locks WHERE locktype = 'transactionid' AND NOT granted`,
        );
        return rows.length > 0;
      });
      await client.query('COMMIT');
      return await waiting;
    } finally {
      client.release();
    }
  }

  /** As the store calls it, on a connection of our own. */
  const authoriseOn = (client: PoolClient, hold: Authorise) =>
    client.query('SELECT authorise($1)', [
      JSON.stringify([toAuthoriseItem({ command: hold, mayRecall: false }, 0)]),
    ]);

  it('wait for each other where the admission is under way', async () => {
    const buyer = await ledger.richOwner(1000n);
    const hold = authoriseBy(buyer, seller);
    const result = await whileUncommitted(
      (client) => authoriseOn(client, hold),
      () => withdraw(hold.requestId),
    );
    expect(result).toBe('released');
    expect(await walletOf(buyer)).toMatchObject({ held: 0n });
  });

  it('wait for each other where the withdrawal is under way', async () => {
    const buyer = await ledger.richOwner(1000n);
    const hold = authoriseBy(buyer, seller);
    const result = await whileUncommitted(
      (client) => client.query(`SELECT withdraw($1, 'x')`, [hold.requestId]),
      () => ledger.store.authorise(hold, false),
    );
    expect(result).toEqual({ declined: 'request_withdrawn' });
    expect(await walletOf(buyer)).toMatchObject({ held: 0n });
  });

  it('leave nothing held, however many race in whatever order', async () => {
    const buyer = await ledger.richOwner(1_000_000n);
    const holds = Array.from({ length: 60 }, () => authoriseBy(buyer, seller));
    const results = await Promise.all(
      holds.flatMap((hold, index) => {
        const calls = [
          () => ledger.store.authorise(hold, false),
          () => withdraw(hold.requestId),
          () => withdraw(hold.requestId),
          () => ledger.store.authorise(hold, false),
        ];
        // Every request begins at another place of the same round.
        return calls.map((_call, turn) => calls[(index + turn) % calls.length]?.());
      }),
    );
    const ended = results.filter((result) => result === 'released' || result === 'prevented');
    expect(ended).toHaveLength(60);
    expect(await walletOf(buyer)).toMatchObject({ posted: 1_000_000n, held: 0n });
  });

  it('keep to the first end, whatever comes after what', async () => {
    const command = fc.constantFrom('authorise', 'withdraw', 'settle');
    const perform: Readonly<Record<string, (hold: Authorise) => Promise<unknown>>> = {
      authorise: (hold) => ledger.store.authorise(hold, false),
      withdraw: ({ requestId }) => withdraw(requestId),
      settle: (hold) =>
        ledger.settlement.settle(settleOf(hold)).catch((error: unknown) => {
          expect(error).toMatchObject({ code: 'HOLD_MISSING' });
        }),
    };
    const buyer = await ledger.richOwner(1_000_000n);
    const run = fc.asyncProperty(fc.array(command, { maxLength: 8 }), async (commands) => {
      const hold = authoriseBy(buyer, seller);
      const before = await walletOf(buyer);
      for (const name of commands) await perform[name]?.(hold);
      const after = await walletOf(buyer);
      const { isOpen, charged } = modelOf(commands);
      expect(after.posted).toBe(before.posted - charged);
      expect(after.held).toBe(before.held + (isOpen ? 1000n : 0n));
    });
    await fc.assert(run, { numRuns: 80 });
  });
});

/** What must have become of a request of a thousand nano-dollars that costs three hundred. */
function modelOf(commands: readonly string[]): { isOpen: boolean; charged: bigint } {
  let state: 'new' | 'open' | 'withdrawn' | 'settled' = 'new';
  for (const command of commands) {
    if (state === 'new' && command === 'authorise') state = 'open';
    else if ((state === 'new' || state === 'open') && command === 'withdraw') state = 'withdrawn';
    else if (state === 'open' && command === 'settle') state = 'settled';
  }
  return { isOpen: state === 'open', charged: state === 'settled' ? 300n : 0n };
}
