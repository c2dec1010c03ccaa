import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  authoriseBy,
  leaseFor,
  type Owner,
  openLedger,
  settleOf,
  ticketOf,
} from './ledger-bench.js';
import { plantIn } from './planted-function.js';
import { contradictions } from './told-outcomes.js';

/** The oracle has teeth: each bug, planted into the ledger's own functions, is named by it. */
let ledger: Awaited<ReturnType<typeof openLedger>>;
let buyer: Owner;
let seller: Owner;

beforeEach(async () => {
  ledger = await openLedger();
  buyer = await ledger.richOwner(1_000_000_000_000n);
  seller = await ledger.owner();
});
afterEach(() => ledger.close());

const plant = (...bug: [name: string, from: string, to: string]) => plantIn(ledger.admin, ...bug);

const named = async () => new Set((await ledger.violations()).map(({ violation }) => violation));

/** Expires at once where it is told to, so that the reaper may have it. */
async function held(change: Parameters<typeof authoriseBy>[2] = {}) {
  const hold = authoriseBy(buyer, seller, change);
  await ledger.store.authorise(hold, false);
  return hold;
}

async function buyOnce(change: Parameters<typeof settleOf>[1] = {}) {
  return ledger.settlement.settle(settleOf(await held({ amount: '900000000' }), change));
}

describe('ledger_violations', () => {
  it('is empty without a bug', async () => {
    await buyOnce();
    expect(await ledger.violations()).toEqual([]);
  });

  it('names a wallet that is held for more than it has, where nothing else guards it', async () => {
    await plant(
      'authorise',
      'WHEN v_wallet.posted + v_wallet.promo - v_wallet.held - v_owner_held < v_item.amount',
      'WHEN false',
    );
    const most = { amount: '600000000000' };
    await held(most);
    // The table itself is the second guard.
    await expect(held(most)).rejects.toThrow(/wallet_never_overspent/);
    expect(await ledger.violations()).toEqual([]);
    await ledger.admin.query('ALTER TABLE wallet DROP CONSTRAINT wallet_never_overspent');
    await held(most);
    expect(await named()).toEqual(new Set(['wallet_overspent']));
  });

  it('names money that is held without being counted', async () => {
    await plant('authorise', 'v_owner_held := v_owner_held + v_item.amount;', '');
    await held();
    expect(await named()).toEqual(new Set(['wallet_held']));
  });

  it('names a second settlement of one hold', async () => {
    await ledger.admin.query('ALTER TABLE receipt DROP CONSTRAINT receipt_pkey');
    await plant('settle', 'ON CONFLICT (id) DO NOTHING\n', '');
    await plant(
      'drop_holds',
      'DELETE FROM hold WHERE id IN',
      'DELETE FROM hold WHERE false AND id IN',
    );
    const hold = await held();
    // Enough is held otherwise for the wallet's guard not to see it.
    await held({ amount: '100000' });
    for (const _ of [1, 2]) await ledger.settlement.settle(settleOf(hold));
    expect(await named()).toContain('hold_and_receipt');
    expect(await named()).toContain('wallet_held');
  });

  it('names two requests that were taken for one because they are alike', async () => {
    await plant('settle', 'SELECT e.id, e.owner_id', 'SELECT e.parameters_hash, e.owner_id');
    const first = await held();
    const second = await held({ terms: first.terms });
    const settle = (hold: typeof first) => ledger.settlement.settle(settleOf(hold));
    // There is no receipt by their own names any more.
    for (const hold of [first, second]) await expect(settle(hold)).rejects.toThrow();
    expect(await named()).toContain('wallet_held');
  });

  it('names a fee that was not the one of admission', async () => {
    await plant('settle', '* i.fee_bps / 10000', '* (i.fee_bps + 1) / 10000');
    await buyOnce({ units: { completion_token: 100_000 } });
    expect(await named()).toEqual(new Set(['fee']));
  });

  it('names a fee that was reckoned in floating point', async () => {
    await plant(
      'settle',
      'floor(least(i.cost, e.amount)::numeric * i.fee_bps / 10000)',
      'floor(least(i.cost, e.amount)::float4 * i.fee_bps / 10000)',
    );
    await buyOnce({ units: { completion_token: 876_543_219 } });
    expect(await named()).toEqual(new Set(['fee']));
  });

  it('names parts that are both rounded up', async () => {
    await plant(
      'charge_ended',
      'sum(e.captured - e.fee)::bigint',
      'sum(e.captured - e.fee)::bigint + 1',
    );
    await buyOnce();
    expect(await named()).toEqual(
      new Set(['usage_captured', 'seller_paid', 'wallet_posted', 'sum_not_zero']),
    );
  });

  it('names a charge that is not by the price of admission', async () => {
    await plant('settle', 'least(i.cost, e.amount),', 'least(i.cost - 1, e.amount),');
    await buyOnce();
    expect(await named()).toContain('receipt_charge');
  });

  it('names a settlement of a lease that had been taken back', async () => {
    await plant(
      'settle',
      "AND l.owner_id = i.owner_id AND l.state <> 'closed'",
      'AND l.owner_id = i.owner_id',
    );
    const lease = await leaseFor(ledger, buyer, '10000', { expiresAtMs: Date.now() - 1 });
    await ledger.leases.reapExpired(10);
    await held({ amount: '100000' });
    const late = authoriseBy(buyer, seller);
    await ledger.settlement.settle(settleOf(late, { ticket: ticketOf(late, lease.leaseId) }));
    expect(await named()).toContain('wallet_held');
  });

  it('names an end that nobody was told of', async () => {
    await plant('settle', 'PERFORM tell_ended', 'PERFORM 1; -- PERFORM tell_ended');
    await buyOnce();
    expect(await named()).toEqual(new Set(['outbox_missing']));
  });

  it('names money that left a wallet without a transfer', async () => {
    await plant(
      'charge_ended',
      'posted = w.posted - (p.captured - p.promo)',
      'posted = w.posted - (p.captured - p.promo) - 1',
    );
    await buyOnce();
    expect(await named()).toEqual(new Set(['wallet_posted', 'sum_not_zero']));
  });

  it('names a transaction that was folded twice', async () => {
    await buyOnce();
    await ledger.admin.query('CREATE TABLE kept AS SELECT * FROM fold_queue');
    await ledger.store.fold(100);
    await ledger.admin.query('INSERT INTO fold_queue SELECT * FROM kept');
    await ledger.store.fold(100);
    expect(await named()).toContain('balance_folded');
  });

  it('names a hold that the reaper forgot', async () => {
    await held({ expiresAtMs: Date.now() - 61_000 });
    expect(await named()).toEqual(new Set(['hold_forgotten']));
  });
});

describe('what the tables cannot show', () => {
  it('a settlement that ignores the epoch charges nothing: it is only not kept for a person', async () => {
    await plant('settle', 'AND h.epoch = i.epoch', '');
    await plant('settle', 'r.epoch <> i.epoch', 'false');
    const hold = await held({ expiresAtMs: Date.now() - 1 });
    await ledger.store.reapExpired(10);
    // The test of the reaper expects `fenced`.
    expect(await ledger.settlement.settle(settleOf(hold))).toMatchObject({
      result: 'replay',
      charged: '0',
    });
    expect(await ledger.violations()).toEqual([]);
  });

  it('an answer before the commit is found by asking the ledger for every settlement that was told', async () => {
    const hold = await held();
    const told = await answerBeforeCommit(hold);
    expect(await ledger.violations()).toEqual([]);
    expect(await contradictions(ledger.admin, [{ requestId: hold.requestId, ...told }])).toEqual([
      `${hold.requestId} was told settled for ${told.charged}, the ledger has nothing`,
    ]);
  });
});

/** The settlement is told, and then the database dies before it is there to stay. */
async function answerBeforeCommit(hold: Awaited<ReturnType<typeof held>>) {
  const client = await ledger.pool.connect();
  try {
    await client.query('BEGIN');
    const item = {
      n: 0,
      id: hold.requestId,
      epoch: 1,
      outcome: 'completed',
      cost: '300',
      fee_bps: 500,
    };
    const { rows } = await client.query<{ result: 'settled'; charged: string }>(
      'SELECT result, charged FROM settle($1, $2)',
      [
        JSON.stringify([
          {
            ...item,
            units: {},
            attempts: [],
            command: {},
            served_position: 0,
            seller_owner_id: seller.ownerId,
          },
        ]),
        'x',
      ],
    );
    const told = rows[0];
    if (!told) throw new Error('nothing was settled');
    return told;
  } finally {
    await client.query('ROLLBACK');
    client.release();
  }
}
