import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { busyBuyer, openLedger } from './ledger-bench.js';

/** The oracle sees whatever is wrong in the tables, each thing by its name. */
let ledger: Awaited<ReturnType<typeof openLedger>>;

beforeAll(async () => {
  ledger = await openLedger();
  await busyBuyer(ledger);
  await ledger.store.fold(1);
  expect(await ledger.violations()).toEqual([]);
});
afterAll(() => ledger.close());

/** What the oracle says of tables that were changed behind the ledger's back. */
async function named(corruption: string): Promise<ReadonlySet<string>> {
  const client = await ledger.admin.connect();
  try {
    await client.query('BEGIN');
    // Neither triggers nor foreign keys stand in the way; constraints are not to be needed either.
    await client.query('SET LOCAL session_replication_role = replica');
    for (const statement of corruption.split(';')) await client.query(statement);
    const { rows } = await client.query<{ violation: string }>(
      'SELECT violation FROM ledger_violations',
    );
    return new Set(rows.map(({ violation }) => violation));
  } finally {
    await client.query('ROLLBACK');
    client.release();
  }
}

const lastUsage = "(SELECT max(id) FROM transaction WHERE kind = 'usage')";

describe('ledger_violations', () => {
  it.each([
    ['wallet_posted', 'UPDATE wallet SET posted = posted + 1'],
    ['wallet_promo', 'UPDATE wallet SET promo = promo + 1'],
    ['wallet_held', 'UPDATE wallet SET held = held + 1 WHERE held > 0'],
    [
      'wallet_overspent',
      'ALTER TABLE wallet DROP CONSTRAINT wallet_never_overspent; UPDATE wallet SET held = 2000000',
    ],
    ['usage_captured', `UPDATE receipt SET captured = captured - 1 WHERE captured > 0`],
    ['usage_captured', `DELETE FROM transfer WHERE transaction_id = ${lastUsage}`],
    ['usage_captured', `UPDATE receipt SET transaction_id = 999999 WHERE captured > 0`],
    [
      'seller_paid',
      `UPDATE transfer SET credit_account_id = (SELECT account_id FROM wallet WHERE held = 0 LIMIT 1)
       WHERE code = 'usage'`,
    ],
    ['receipt_charge', `UPDATE receipt SET units = '{"prompt_token": 7}' WHERE captured > 0`],
    ['fee', 'UPDATE receipt SET fee = fee - 1 WHERE fee > 0'],
    ['fee_paid', `UPDATE transfer SET amount = amount + 1 WHERE code = 'fee'`],
    ['outbox_missing', 'DELETE FROM outbox'],
    ['outbox_missing', `UPDATE outbox SET payload = '{"usages": []}'`],
    ['hold_and_receipt', 'UPDATE hold SET id = (SELECT id FROM receipt LIMIT 1)'],
    ['transaction_empty', `INSERT INTO transaction (kind) VALUES ('adjustment')`],
    ['transfer_orphaned', `DELETE FROM transaction WHERE id = ${lastUsage}`],
    ['transfer_orphaned', `DELETE FROM ledger_account WHERE kind = 'platform_fee'`],
    ['sum_not_zero', 'UPDATE account_balance SET balance = balance + 1'],
    ['balance_folded', 'DELETE FROM fold_queue'],
    ['token_load', 'UPDATE token_load SET open = open + 1'],
    ['token_load', 'DELETE FROM token_load'],
    ['lease', 'UPDATE lease SET settled = settled + 1'],
    ['lease', 'UPDATE lease SET captured = captured - 1'],
    ['budget_held', 'UPDATE budget SET held = held + 1'],
    ['hold_forgotten', `UPDATE hold SET expires_at = now() - interval '61 seconds'`],
    ['lease_forgotten', `UPDATE lease SET expires_at = now() - interval '61 seconds'`],
  ])('names %s', async (kind, corruption) => {
    expect(await named(corruption)).toContain(kind);
  });

  it('has no row kind that no test names', async () => {
    const { rows } = await ledger.admin.query<{ source: string }>(
      "SELECT pg_get_viewdef('ledger_core_violations'::regclass) AS source",
    );
    const kinds = new Set(rows[0]?.source.match(/(?<=')[a-z_]+(?='::text(?: AS violation)?,$)/gm));
    expect([...kinds].sort()).toEqual(kindsNamed);
  });
});

const kindsNamed = [
  ...['balance_folded', 'budget_held', 'fee', 'fee_paid', 'hold_and_receipt', 'hold_forgotten'],
  ...[
    'lease',
    'lease_forgotten',
    'outbox_missing',
    'receipt_charge',
    'seller_paid',
    'sum_not_zero',
  ],
  ...['token_load', 'transaction_empty', 'transfer_orphaned', 'usage_captured', 'wallet_held'],
  ...['wallet_overspent', 'wallet_posted', 'wallet_promo'],
];
