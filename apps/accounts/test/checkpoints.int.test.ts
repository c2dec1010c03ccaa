import { type Authorise, type Progress, subjects } from '@aisbf/contracts';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  authoriseBy,
  checkpointOf,
  leaseFor,
  newRequestId,
  type Owner,
  openLedger,
  settleOf,
  shuffled,
  ticketOf,
} from './ledger-bench.js';

let ledger: Awaited<ReturnType<typeof openLedger>>;
let buyer: Owner;
let seller: Owner;

beforeAll(async () => {
  ledger = await openLedger({ connections: 32 });
});
beforeEach(async () => {
  [buyer, seller] = await Promise.all([ledger.richOwner(100_000n), ledger.owner()]);
});
afterEach(async () => {
  expect(await ledger.violations()).toEqual([]);
  const { rows } = await ledger.admin.query(
    "SELECT * FROM ledger_changed('-infinity', 'infinity')",
  );
  expect(rows).toEqual([]);
});
afterAll(() => ledger.close());

async function held(change: Partial<Authorise> = {}): Promise<Authorise> {
  const hold = authoriseBy(buyer, seller, change);
  await ledger.store.authorise(hold, false);
  return hold;
}

const keep = (
  hold: Pick<Authorise, 'requestId'>,
  ordinal: number,
  tokens: readonly [number, number],
) => ledger.checkpoints.keepAll([checkpointOf(hold, ordinal, tokens)]);

/** As when its time is over. */
async function expire({ requestId }: Authorise): Promise<void> {
  await ledger.admin.query('UPDATE hold SET expires_at = now() WHERE id = $1', [requestId]);
  await ledger.store.reapExpired(100);
}

async function receiptOf({ requestId, ownerId }: Authorise) {
  return ledger.reader.receipt(ownerId, requestId);
}

async function money() {
  const { posted, promo, held: set } = await ledger.reader.wallet(buyer.ownerId);
  const { earned } = await ledger.reader.wallet(seller.ownerId);
  return { spent: 100_000n - posted, promo, held: set, earned };
}

/** The transfers of a request that the reaper has ended, as account, account, amount. */
async function transfersOf({ requestId }: Authorise) {
  const { rows } = await ledger.admin.query<{ from: string; to: string; amount: string }>(
    `SELECT d.kind AS from, c.kind AS to, f.amount FROM transaction t
     JOIN transfer f ON f.transaction_id = t.id
     JOIN ledger_account d ON d.id = f.debit_account_id JOIN ledger_account c ON c.id = f.credit_account_id
     WHERE t.id = (SELECT transaction_id FROM receipt WHERE id = $1) OR t.external_id = 'service_credit:' || $1
     ORDER BY t.id, f.leg`,
    [requestId],
  );
  return rows.map(({ from, to, amount }) => `${from} > ${to} ${amount}`);
}

describe('a hold that expires with a checkpoint', () => {
  it('costs its buyer what was finished, and the platform what was under way', async () => {
    const hold = await held();
    expect(await keep(hold, 1, [301, 517])).toEqual(['kept']);
    await expire(hold);
    expect(await transfersOf(hold)).toEqual([
      'buyer_wallet > platform_fee 15',
      'buyer_wallet > seller_payable 286',
      // Of 517 the seller would have had 492.
      'service_credit > seller_payable 206',
    ]);
    expect(await money()).toEqual({ spent: 301n, promo: 0n, held: 0n, earned: 492n });
    expect(await receiptOf(hold)).toMatchObject({
      ...{ state: 'settled', outcome: 'expired', captured: 301n, servedPosition: 0 },
      ...{ units: { completion_token: 301, request: 1 } },
      delivered: { completion_token: 517, request: 1 },
    });
  });

  it('costs its buyer nothing where nothing was finished, and may be asked for again', async () => {
    const idempotency = { key: 'once', bodyHash: 'a'.repeat(64) };
    const hold = await held({ idempotency });
    await keep(hold, 1, [0, 400]);
    await expire(hold);
    expect(await transfersOf(hold)).toEqual(['service_credit > seller_payable 380']);
    expect(await money()).toEqual({ spent: 0n, promo: 0n, held: 0n, earned: 380n });
    expect(await receiptOf(hold)).toMatchObject({
      state: 'released',
      outcome: 'expired',
      units: {},
    });
    const again = authoriseBy(buyer, seller, { idempotency });
    expect(await ledger.store.authorise(again, false)).toMatchObject({ isReplay: false });
  });

  it('costs the platform nothing where all was finished', async () => {
    const hold = await held();
    await keep(hold, 1, [400, 400]);
    await expire(hold);
    expect(await transfersOf(hold)).toEqual([
      'buyer_wallet > platform_fee 20',
      'buyer_wallet > seller_payable 380',
    ]);
  });

  it('never costs more than was held, all in all', async () => {
    const hold = await held();
    await keep(hold, 1, [700, 5_000]);
    await expire(hold);
    // The share of a thousand, and not of five.
    expect(await money()).toMatchObject({ spent: 700n, earned: 950n });
    const other = await held();
    await keep(other, 1, [4_000, 5_000]);
    await expire(other);
    expect(await money()).toMatchObject({ spent: 1_700n, earned: 1_900n });
  });

  it('is paid with promotional money first, and frees budgets and places', async () => {
    await ledger.promote(buyer, 100n);
    await ledger.setBudget(buyer, { period: 'day', amount: 1_000n });
    const hold = await held();
    await keep(hold, 1, [300, 300]);
    await expire(hold);
    expect(await money()).toEqual({ spent: 200n, promo: 0n, held: 0n, earned: 285n });
    expect(await ledger.store.authorise(authoriseBy(buyer, seller), false)).toEqual({
      declined: 'budget_exceeded',
    });
    await held({ amount: '700' });
  });

  it("moves no money where it is the buyer's own capacity, and meters it", async () => {
    const hold = authoriseBy(buyer, buyer);
    await ledger.store.authorise(hold, false);
    await keep(hold, 1, [300, 500]);
    await expire(hold);
    expect(await transfersOf(hold)).toEqual([]);
    expect(await receiptOf(hold)).toMatchObject({
      state: 'settled',
      units: { completion_token: 300 },
    });
  });

  it('charges nothing for a settlement that comes late, whatever it says', async () => {
    const hold = await held();
    await keep(hold, 1, [300, 500]);
    await expire(hold);
    const before = await money();
    const late = settleOf(hold, { units: { completion_token: 900 } });
    for (const _ of [1, 2]) {
      expect(await ledger.settlement.settle(late)).toMatchObject({
        result: 'fenced',
        charged: '0',
      });
    }
    expect(
      await ledger.withdrawal.withdraw({ type: 'withdraw', requestId: hold.requestId }),
    ).toEqual({
      requestId: hold.requestId,
      result: 'replay',
    });
    expect(await keep(hold, 2, [900, 900])).toEqual(['missing']);
    expect(await money()).toEqual(before);
  });
});

describe('a checkpoint', () => {
  it('changes nothing where its request is settled or withdrawn', async () => {
    const [settled, withdrawn] = [await held(), await held()];
    for (const hold of [settled, withdrawn]) await keep(hold, 1, [300, 500]);
    await ledger.settlement.settle(settleOf(settled, { units: { completion_token: 200 } }));
    await ledger.withdrawal.withdraw({ type: 'withdraw', requestId: withdrawn.requestId });
    expect(await money()).toEqual({ spent: 200n, promo: 0n, held: 0n, earned: 190n });
    expect(await receiptOf(settled)).toMatchObject({ outcome: 'completed', delivered: null });
  });

  it('never goes back: a late one is stale, and so is one with less finished', async () => {
    const hold = await held();
    expect(await keep(hold, 5, [300, 500])).toEqual(['kept']);
    expect(await keep(hold, 4, [400, 600])).toEqual(['stale']);
    expect(await keep(hold, 5, [300, 500])).toEqual(['stale']);
    expect(await keep(hold, 6, [299, 900])).toEqual(['stale']);
    // An answer that was under way has failed: it was not delivered after all.
    expect(await keep(hold, 7, [300, 350])).toEqual(['kept']);
    await expire(hold);
    expect(await money()).toMatchObject({ spent: 300n, earned: 333n });
  });

  it.each([
    ['of an old epoch', { holdEpoch: 2 }, 'missing'],
    ['of a request that nobody knows', { requestId: newRequestId() }, 'missing'],
    ['of a candidate that the hold never had', { servedPosition: 7 }, 'invalid'],
    ['of nothing', { progress: progressOf({}, {}) }, 'invalid'],
    [
      'with more finished than delivered',
      { progress: progressOf({ image: 1, completion_token: 9 }, { completion_token: 8 }) },
      'invalid',
    ],
  ] as const)('%s is refused by itself', async (_, change, result) => {
    const [hold, other] = [await held(), await held()];
    const told = [{ ...checkpointOf(hold, 1, [1, 2]), ...change }, checkpointOf(other, 1, [3, 4])];
    expect(await ledger.checkpoints.keepAll(told)).toEqual([result, 'kept']);
    await expire(hold);
    await expire(other);
    expect(await money()).toMatchObject({ spent: 3n });
  });

  it('counts once in a call that tells it twice', async () => {
    const hold = await held();
    const told = [checkpointOf(hold, 2, [30, 50]), checkpointOf(hold, 1, [10, 20])];
    expect(await ledger.checkpoints.keepAll(told)).toEqual(['kept', 'stale']);
  });

  it('waits for nobody: where its hold is taken it is told again', async () => {
    const hold = await held();
    const client = await ledger.pool.connect();
    try {
      await client.query('BEGIN');
      await client.query('SELECT FROM hold WHERE id = $1 FOR UPDATE', [hold.requestId]);
      expect(await keep(hold, 1, [1, 2])).toEqual(['busy']);
    } finally {
      await client.query('ROLLBACK');
      client.release();
    }
    expect(await keep(hold, 1, [1, 2])).toEqual(['kept']);
  });

  it('is exact in any race with settlements, withdrawals, the reaper and itself', async () => {
    const holds = await Promise.all(
      Array.from({ length: 40 }, () => held({ expiresAtMs: Date.now() - 1 })),
    );
    await ledger.checkpoints.keepAll(holds.map((hold) => checkpointOf(hold, 1, [100, 150])));
    const work = [
      ...holds.map((hold) => () => ledger.settlement.settle(settleOf(hold))),
      ...holds.slice(0, 8).map(
        ({ requestId }) =>
          () =>
            ledger.withdrawal.withdraw({ type: 'withdraw', requestId }),
      ),
      ...[2, 3, 4].map(
        (n) => () =>
          ledger.checkpoints.keepAll(
            holds.map((hold) => checkpointOf(hold, n, [n * 100, n * 150])),
          ),
      ),
      ...Array.from({ length: 6 }, () => () => ledger.store.reapExpired(15)),
    ];
    await Promise.all(shuffled(work).map((job) => job()));
    await ledger.store.reapExpired(100);
    const { rows } = await ledger.admin.query<{ spent: string; earned: string }>(
      `SELECT sum(captured) AS spent, sum(captured - fee + service_credit) AS earned FROM receipt WHERE owner_id = $1`,
      [buyer.ownerId],
    );
    const { spent, earned } = rows[0] ?? { spent: '0', earned: '0' };
    expect(await money()).toEqual({
      spent: BigInt(spent),
      promo: 0n,
      held: 0n,
      earned: BigInt(earned),
    });
  });
});

describe('a checkpoint of a request that a lease pays for', () => {
  async function leased() {
    const { leaseId } = await leaseFor(ledger, buyer, '10000');
    const request = authoriseBy(buyer, seller);
    const ticket = ticketOf(request, leaseId);
    const told = (ordinal: number, tokens: readonly [number, number]) =>
      ledger.checkpoints.keepAll([checkpointOf(request, ordinal, tokens, ticket)]);
    return { leaseId, request, ticket, told };
  }

  async function expireLease(leaseId: string): Promise<void> {
    await ledger.admin.query('UPDATE lease SET expires_at = now() WHERE id = $1', [leaseId]);
    await ledger.leases.reapExpired(100);
  }

  it('is what it is settled by when the lease ends, as with a hold', async () => {
    const { leaseId, request, ticket, told } = await leased();
    expect(await told(2, [0, 400])).toEqual(['kept']);
    expect(await told(1, [0, 500])).toEqual(['stale']);
    await expireLease(leaseId);
    expect(await transfersOf(request)).toEqual(['service_credit > seller_payable 380']);
    expect(await money()).toEqual({ spent: 0n, promo: 0n, held: 0n, earned: 380n });
    expect(await receiptOf(request)).toMatchObject({
      ...{ state: 'released', outcome: 'expired', route: 'rotation/test', amount: 1000n },
      delivered: { completion_token: 400 },
    });
    const late = await ledger.settlement.settle(settleOf(request, { ticket }));
    expect(late).toMatchObject({ result: 'fenced', charged: '0' });
    expect(await told(3, [0, 600])).toEqual(['missing']);
  });

  it('counts what it was given beyond its ticket, before and after', async () => {
    const { leaseId, request, ticket, told } = await leased();
    const { requestId } = request;
    const more = (tokens: number) =>
      ledger.authorisation.extend({
        ...{ type: 'extend', requestId, holdEpoch: 1, ticket, servedPosition: 0 },
        units: { completion_token: tokens },
      });
    await more(1_200);
    await told(1, [0, 1_500]);
    await more(1_400);
    await expireLease(leaseId);
    // The share of 1,400.
    expect(await money()).toMatchObject({ spent: 0n, held: 0n, earned: 1_330n });
  });

  it('is gone by where an older accounts ends the lease, in its own words', async () => {
    const { leaseId, told } = await leased();
    await told(1, [0, 400]);
    await ledger.admin.query('UPDATE lease SET expires_at = now() WHERE id = $1', [leaseId]);
    await ledger.pool.query('SELECT reap_expired_leases($1) AS id', [10]);
    expect(await money()).toEqual({ spent: 0n, promo: 0n, held: 0n, earned: 380n });
    const { rows } = await ledger.admin.query('SELECT DISTINCT subject FROM outbox');
    expect(rows).toEqual([{ subject: subjects.usageSettled }]);
  });

  it('charges for what is finished, and closes a lease that was given back', async () => {
    const { leaseId, told } = await leased();
    await told(1, [200, 300]);
    await ledger.leases.close({
      ...{ type: 'close-lease', leaseId, issued: '1000', issuedCount: 1 },
    });
    await expireLease(leaseId);
    expect(await money()).toEqual({ spent: 200n, promo: 0n, held: 0n, earned: 285n });
  });

  it('is gone when its request is settled', async () => {
    const { leaseId, request, ticket, told } = await leased();
    await told(1, [0, 400]);
    await ledger.settlement.settle(settleOf(request, { ticket }));
    expect(await told(2, [0, 500])).toEqual(['missing']);
    const left = 'SELECT FROM lease_extension WHERE lease_id = $1';
    expect((await ledger.admin.query(left, [leaseId])).rows).toEqual([]);
    await expireLease(leaseId);
    expect(await money()).toEqual({ spent: 300n, promo: 0n, held: 0n, earned: 285n });
  });

  it('ends both where its request was admitted by a hold too', async () => {
    const { leaseId, request, told } = await leased();
    await ledger.store.authorise(request, false);
    await told(1, [0, 400]);
    await expireLease(leaseId);
    expect(await money()).toEqual({ spent: 0n, promo: 0n, held: 0n, earned: 380n });
  });

  it('is nothing to pay for where the hold of the same request has ended first', async () => {
    const { leaseId, request, told } = await leased();
    await ledger.store.authorise(request, false);
    await told(1, [0, 400]);
    await expire(request);
    await expireLease(leaseId);
    expect(await money()).toEqual({ spent: 0n, promo: 0n, held: 0n, earned: 0n });
  });

  it('is refused with a ticket that is none, or is of another request', async () => {
    const { request, ticket } = await leased();
    const other = authoriseBy(buyer, seller);
    const told = [
      checkpointOf(request, 1, [0, 1], 'no ticket'),
      checkpointOf(other, 1, [0, 1], ticket),
      checkpointOf(request, 1, [0, 1], ticket),
    ];
    expect(await ledger.checkpoints.keepAll(told)).toEqual(['invalid', 'invalid', 'kept']);
    await ledger.leases.reapExpired(100);
  });

  it('is exact in any race with settlements, extensions and the end of its lease', async () => {
    const { leaseId } = await leaseFor(ledger, buyer, '40000');
    const requests = Array.from({ length: 30 }, () => authoriseBy(buyer, seller));
    const tickets = requests.map((request) => ticketOf(request, leaseId));
    const tell = (ordinal: number) => () =>
      ledger.checkpoints.keepAll(
        requests.map((one, n) =>
          checkpointOf(one, ordinal, [ordinal * 50, ordinal * 90], tickets[n]),
        ),
      );
    await tell(1)();
    const work = [
      ...requests.map((one, n) => async () => {
        await ledger.settlement.settle(settleOf(one, { ticket: tickets[n] ?? null }));
      }),
      ...[2, 3, 4].map((ordinal) => tell(ordinal)),
      () => expireLease(leaseId),
    ];
    await Promise.all(shuffled(work).map((job) => job()));
    const { rows } = await ledger.admin.query<{ spent: string; earned: string; count: string }>(
      `SELECT count(*) AS count, sum(captured) AS spent, sum(captured - fee + service_credit) AS earned
       FROM receipt WHERE owner_id = $1`,
      [buyer.ownerId],
    );
    expect(rows[0]?.count).toBe('30');
    const { spent, earned } = rows[0] ?? { spent: '0', earned: '0' };
    expect(await money()).toEqual({
      ...{ spent: BigInt(spent), promo: 0n, held: 0n, earned: BigInt(earned) },
    });
  });
});

describe('the question of a session for more', () => {
  const ask = (hold: Authorise, progress: Progress, tokens: number, change: object = {}) =>
    ledger.authorisation.extend({
      ...{
        type: 'extend',
        requestId: hold.requestId,
        holdEpoch: 1,
        ticket: null,
        servedPosition: 0,
      },
      ...{ units: { completion_token: tokens }, renewUntilMs: Date.now() + 60_000, progress },
      ...change,
    });

  it('keeps what the session has come to, also where there is no more', async () => {
    const hold = await held();
    const first = progressOf({ completion_token: 200 }, { completion_token: 210 });
    expect(await ask(hold, first, 2_000)).toEqual({ result: 'held', amount: '2000' });
    const second = {
      ...progressOf({ completion_token: 300 }, { completion_token: 500 }),
      ordinal: 2,
    };
    expect(await ask(hold, second, 2_000_000)).toEqual({
      result: 'insufficient_balance',
      amount: '2000',
    });
    await expire(hold);
    expect(await money()).toMatchObject({ spent: 300n, earned: 475n });
  });

  it('is refused where what it has come to cannot be', async () => {
    const hold = await held();
    const wrong = progressOf({ completion_token: 2 }, { completion_token: 1 });
    await expect(ask(hold, wrong, 10)).rejects.toMatchObject({ code: 'SETTLEMENT_INVALID' });
    const right = progressOf({}, { completion_token: 1 });
    const unrenewed = { renewUntilMs: undefined };
    await expect(ask(hold, right, 10, unrenewed)).rejects.toMatchObject({
      code: 'SETTLEMENT_INVALID',
    });
  });
});

function progressOf(finished: Progress['finished'], delivered: Progress['delivered']): Progress {
  return { ordinal: 1, finished, delivered };
}
