import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { authoriseBy, type Owner, openLedger, settleOf } from './ledger-bench.js';

/** The oracle has teeth: each bug, planted into the ledger's own functions, is named by it. */
let ledger: Awaited<ReturnType<typeof openLedger>>;
let buyer: Owner;
let seller: Owner;

beforeEach(async () => {
  ledger = await openLedger();
  buyer = await ledger.richOwner(1000n);
  seller = await ledger.owner();
});
afterEach(() => ledger.close());

/** Replaces a part of a function's source, which must be there. */
async function plant(name: string, from: string, to: string): Promise<void> {
  const { rows } = await ledger.admin.query<{ source: string }>(
    'SELECT pg_get_functiondef(oid) AS source FROM pg_proc WHERE proname = $1',
    [name],
  );
  const source = rows[0]?.source ?? '';
  expect(source).toContain(from);
  await ledger.admin.query(source.replaceAll(from, to));
}

async function dropConstraints(...names: readonly string[]): Promise<void> {
  for (const name of names) {
    await ledger.admin.query(`ALTER TABLE ${name.split('_')[0]} DROP CONSTRAINT ${name}`);
  }
}

const named = async () => new Set((await ledger.violations()).map(({ violation }) => violation));

async function buyOnce(change: Parameters<typeof settleOf>[1] = {}) {
  const hold = authoriseBy(buyer, seller);
  await ledger.store.authorise(hold);
  return ledger.settlement.settle(settleOf(hold, change));
}

describe('ledger_violations', () => {
  it('is empty without a bug', async () => {
    await buyOnce();
    expect(await ledger.violations()).toEqual([]);
  });

  it('names a hold whose guard was dropped', async () => {
    await dropConstraints('wallet_never_overspent');
    await plant(
      'authorise',
      'WHERE owner_id = p_owner AND posted - held >= p_amount',
      'WHERE false',
    );
    await plant('authorise', 'IF NOT FOUND THEN\n    RAISE', 'IF false THEN\n    RAISE');
    await ledger.store.authorise(authoriseBy(buyer, seller));
    expect(await named()).toContain('wallet_held');
  });

  it('names a second settlement of one hold', async () => {
    await ledger.admin.query('ALTER TABLE transaction DROP CONSTRAINT transaction_hold_id_key');
    await ledger.admin.query('ALTER TABLE attempt DROP CONSTRAINT attempt_pkey');
    await ledger.admin.query('DROP INDEX attempt_one_winner_idx');
    await ledger.admin.query('ALTER TABLE outbox DROP CONSTRAINT outbox_message_id_key');
    await dropConstraints('wallet_held_not_negative', 'wallet_never_overspent');
    await plant('settle', "IF v_hold.state <> 'open' THEN", 'IF false THEN');
    const hold = authoriseBy(buyer, seller);
    await ledger.store.authorise(hold);
    await ledger.settlement.settle(settleOf(hold));
    await ledger.settlement.settle(settleOf(hold));
    expect(await named()).toContain('hold_captured');
  });

  it('names a fee that was not the one of admission', async () => {
    await plant('settle', 'p_charge - p_fee, ', 'p_charge - p_fee - 1, ');
    await plant('settle', 'v_fee_account, p_fee,', 'v_fee_account, p_fee + 1,');
    await buyOnce();
    expect(await named()).toContain('fee');
  });

  it('names parts that are both rounded up', async () => {
    await plant('settle', 'p_charge - p_fee, ', 'p_charge - p_fee + 1, ');
    await buyOnce();
    expect(await named()).toContain('hold_captured');
  });

  it('names a charge that is not by the price of admission', async () => {
    await plant('settle', 'captured = p_charge,', 'captured = p_charge - 1,');
    await buyOnce();
    expect(await named()).toContain('hold_charge');
  });

  it('names a settlement that ignored the epoch', async () => {
    await plant('settle', 'IF v_hold.epoch <> p_epoch THEN', 'IF false THEN');
    await plant('settle', "IF v_hold.state <> 'open' THEN", 'IF false THEN');
    await ledger.admin.query('ALTER TABLE outbox DROP CONSTRAINT outbox_message_id_key');
    await dropConstraints('wallet_held_not_negative');
    const hold = authoriseBy(buyer, seller, { expiresAtMs: Date.now() - 1 });
    await ledger.store.authorise(hold);
    await ledger.store.reapExpired(10);
    await ledger.settlement.settle(settleOf(hold));
    expect(await named()).toContain('wallet_held');
  });

  it('names an end that nobody was told of', async () => {
    await plant(
      'settle',
      "INSERT INTO outbox (message_id, subject, payload) VALUES ('usage:' || p_id, p_subject, p_event);",
      '',
    );
    await buyOnce();
    expect(await named()).toContain('outbox_missing');
  });

  it('names money that left a wallet without a transfer', async () => {
    await plant('settle', 'posted = posted - p_charge', 'posted = posted - p_charge - 1');
    await buyOnce();
    expect(await named()).toEqual(new Set(['wallet_posted', 'sum_not_zero']));
  });

  it('names a hold that a withdrawal did not stop', async () => {
    await plant('authorise', 'WHERE request_id = p_id', 'WHERE false');
    const hold = authoriseBy(buyer, seller);
    await ledger.store.withdraw(hold.requestId);
    await ledger.store.authorise(hold);
    expect(await named()).toEqual(new Set(['hold_withdrawn']));
  });

  it('names a hold that the reaper forgot', async () => {
    await ledger.store.authorise(authoriseBy(buyer, seller, { expiresAtMs: Date.now() - 61_000 }));
    expect(await named()).toEqual(new Set(['hold_forgotten']));
  });
});
