import type { Authorise } from '@aisbf/contracts';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { authoriseBy, checkpointOf, type Owner, openLedger, settleOf } from './ledger-bench.js';
import { plantIn } from './planted-function.js';

/** Bugs planted into what a crash of ours is settled by, each seen. */
let ledger: Awaited<ReturnType<typeof openLedger>>;
let buyer: Owner;
let seller: Owner;

beforeEach(async () => {
  ledger = await openLedger();
  buyer = await ledger.richOwner(1_000_000n);
  seller = await ledger.owner();
});
afterEach(() => ledger.close());

const plant = (...bug: [name: string, from: string, to: string]) => plantIn(ledger.admin, ...bug);

/** A request that expires when 300 of 500 were finished. */
async function crash(): Promise<Authorise> {
  const hold = authoriseBy(buyer, seller, { expiresAtMs: Date.now() - 1 });
  await ledger.store.authorise(hold, false);
  await ledger.checkpoints.keepAll([checkpointOf(hold, 1, [300, 500])]);
  await ledger.store.reapExpired(10);
  return hold;
}

async function named(): Promise<string[]> {
  const inAll = (await ledger.violations()).map(({ violation }) => violation);
  return [...new Set(inAll)].sort();
}

/** What the check of each minute sees of it. */
async function namedByTheMinute(): Promise<string[]> {
  const { rows } = await ledger.admin.query<{ violation: string }>(
    "SELECT DISTINCT violation FROM ledger_changed('-infinity', 'infinity') ORDER BY violation",
  );
  return rows.map(({ violation }) => violation);
}

describe('the oracle', () => {
  it('is silent without a bug', async () => {
    await crash();
    expect([await named(), await namedByTheMinute()]).toEqual([[], []]);
  });

  it.each([
    [
      'a buyer who was charged for what was under way',
      ['end_unreported', 'finished_cost', 'delivered_cost'],
      // What is due to the seller is the same, whoever pays for it.
      ['receipt_charge'],
    ],
    [
      'an end that fences nobody off',
      ['end_unreported', 'e.epoch + 1', 'e.epoch'],
      ['expired_unfenced'],
    ],
    [
      'a seller who was paid for all of it twice',
      ['end_unreported', '- seller_share(e.captured, e.fee_bps)', ''],
      ['service_credit'],
    ],
    [
      'a seller who got the fee as well',
      [
        'seller_share',
        '(p_charge - floor(((p_charge * p_fee_bps) / (10000)::numeric)))',
        'p_charge',
      ],
      // Both sides of the sum are wrong alike: the fee of the finished part is what differs.
      ['service_credit'],
    ],
    [
      'a credit that is more than its receipt says',
      ['credit_sellers', 'account_id, c.amount,', 'account_id, c.amount + 1,'],
      ['service_credit_paid'],
    ],
    [
      'a credit that its buyer has paid',
      ['credit_sellers', "global_account('service_credit')", "global_account('platform_fee')"],
      ['service_credit_paid'],
    ],
    [
      'a credit that was never booked',
      ['end_unreported', 'PERFORM credit_sellers(v_ids)', 'PERFORM 1'],
      ['service_credit_paid'],
    ],
  ])('names %s', async (_, [name = '', from = '', to = ''], violations) => {
    await plant(name, from, to);
    await crash();
    expect(await named()).toEqual(violations);
    expect(await namedByTheMinute()).toEqual(violations);
  });

  it('names a hold that was settled by its checkpoint and is still there', async () => {
    await plant(
      'reap_expired_holds',
      'DELETE FROM hold WHERE id = ANY (v_ids) RETURNING *',
      'SELECT * FROM hold WHERE id = ANY (v_ids)',
    );
    await plant('drop_holds', 'WHERE id IN', 'WHERE false AND id IN');
    await crash();
    expect(await named()).toEqual(expect.arrayContaining(['hold_and_receipt', 'wallet_held']));
  });

  it('names a late settlement that was paid for once more', async () => {
    const hold = await crash();
    await ledger.admin.query(
      `SELECT * FROM post_transaction('service_credit', 'service_credit:again', 'x', NULL, NULL, jsonb_build_array(
         jsonb_build_object('debit', global_account('service_credit'),
           'credit', account_of('seller_payable', $1), 'amount', 190, 'code', 'service_credit')))`,
      [seller.ownerId],
    );
    expect(await ledger.settlement.settle(settleOf(hold))).toMatchObject({ result: 'fenced' });
    expect(await named()).toEqual(['service_credit_unexplained']);
  });
});

describe('what the tables cannot show', () => {
  it('is a checkpoint that goes back: the tests of checkpoints expect what it would cost', async () => {
    await plant('keep_checkpoints', '((h.checkpoint).ordinal < (l.checkpoint).ordinal', '(true');
    const hold = authoriseBy(buyer, seller);
    await ledger.store.authorise(hold, false);
    const told = async (ordinal: number, finished: number) =>
      ledger.checkpoints.keepAll([checkpointOf(hold, ordinal, [finished, 500])]);
    expect([await told(2, 300), await told(1, 300)]).toEqual([['kept'], ['kept']]);
    expect(await named()).toEqual([]);
  });
});
