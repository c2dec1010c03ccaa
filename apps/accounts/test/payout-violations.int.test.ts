import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { dollar, openPayouts } from './payout-bench.js';
import { sourceWith } from './planted-function.js';

/** The oracle sees whatever is wrong with payouts and sums, and what bugs in their functions would do. */
let bench: Awaited<ReturnType<typeof openPayouts>>;

beforeAll(async () => {
  bench = await openPayouts();
  await bench.seller(100n * dollar);
  await bench.payouts.prepareAll(false);
  for (const { id } of await bench.payoutStore.due(10)) await bench.payouts.advance(id);
  await bench.seller(100n * dollar);
  await bench.payouts.prepareAll(false);
  expect(await bench.violations()).toEqual([]);
});
afterAll(() => bench.close());

/** What the oracle says after statements that are then undone; triggers and foreign keys do not stand in the way. */
async function named(...statements: readonly string[]): Promise<ReadonlySet<string>> {
  const client = await bench.admin.connect();
  try {
    await client.query('BEGIN');
    await client.query('SET LOCAL session_replication_role = replica');
    for (const statement of statements) await client.query(statement);
    const { rows } = await client.query<{ violation: string }>(
      'SELECT violation FROM ledger_violations',
    );
    return new Set(rows.map(({ violation }) => violation));
  } finally {
    await client.query('ROLLBACK');
    client.release();
  }
}

const kinds: Readonly<Record<string, readonly string[]>> = {
  payout_booked: [
    `UPDATE payout SET amount = amount + 10000000`,
    `UPDATE payout SET state = 'failed' WHERE state = 'paid'`,
    `UPDATE payout SET owner_id = (SELECT owner_id FROM payout WHERE state = 'prepared') WHERE state = 'paid'`,
    `DELETE FROM payout`,
    `DELETE FROM transaction WHERE external_id LIKE 'payout:%:paid'`,
  ],
  payout_beyond_earnings: [`UPDATE payout SET amount = amount * 2`],
  payout_transit: [`DELETE FROM payout WHERE state = 'prepared'`],
  payout_lost: [`UPDATE payout SET due_at = NULL WHERE state = 'prepared'`],
  usage_sum: [
    `DELETE FROM usage_fresh`,
    `INSERT INTO usage_fresh (receipt_ids) SELECT receipt_ids FROM usage_fresh`,
    `INSERT INTO usage_day SELECT u.* FROM receipt r CROSS JOIN LATERAL usage_of(r) u LIMIT 1`,
  ],
  receipt_moment: [`UPDATE receipt SET resolved_at = resolved_at + interval '1 us'`],
};

describe('payout_violations', () => {
  it.each(
    Object.entries(kinds).flatMap(([kind, corruptions]) =>
      corruptions.map((corruption) => [kind, corruption] as const),
    ),
  )('names %s', async (kind, corruption) => {
    expect(await named(corruption)).toContain(kind);
  });

  it('has no row kind that no test names', async () => {
    const { rows } = await bench.admin.query<{ source: string }>(
      "SELECT pg_get_viewdef('payout_violations'::regclass) AS source",
    );
    const found = rows[0]?.source.match(/(?<=')[a-z_]+(?='::text(?: AS violation)?,$)/gm);
    expect([...new Set(found)].sort()).toEqual(Object.keys(kinds).sort());
  });
});

const planted = (...bug: [name: string, from: string, to: string]) =>
  sourceWith(bench.admin, ...bug);

const open = `(SELECT id FROM payout WHERE state IN ('prepared', 'submitted'))`;
const paid = `(SELECT id FROM payout WHERE state = 'paid')`;
const submit = `UPDATE payout SET state = 'submitted', sends = 1 WHERE state = 'prepared'`;
const book = (id: string, outcome: string, reversed = '0') =>
  `SELECT book_payout(${id}, '${outcome}', ${reversed}, NULL, NULL, NULL)`;

describe('a bug planted into the functions', () => {
  it('that gives back what is paid is found', async () => {
    const bug = await planted('book_payout', "v_payout.state <> 'submitted'", 'false');
    const lax = 'ALTER TABLE payout DROP CONSTRAINT payout_resolved_has_time';
    expect(await named(bug, lax, book(paid, 'failed'))).toContain('payout_booked');
  });

  it('that fails a payout without giving the money back is found', async () => {
    const bug = await planted(
      'book_payout',
      "PERFORM post_payout(p_id, 'failed', v_payout.amount, v_transit, v_payable, 'prepared');",
      '',
    );
    expect(await named(bug, submit, book(open, 'failed'))).toContain('payout_booked');
  });

  it('that books what came back as a whole each time is found', async () => {
    const bug = await planted('book_payout', 'p_reversed - v_payout.reversed', 'p_reversed');
    const parts = [book(paid, 'paid', '10000000'), book(paid, 'paid', '20000000')];
    expect(await named(bug, ...parts)).toContain('payout_booked');
    expect(await named(...parts)).toEqual(new Set());
  });

  it('that sets nothing aside is found', async () => {
    const bug = await planted(
      'prepare_payout',
      'PERFORM post_payout',
      'PERFORM 1; -- PERFORM post_payout',
    );
    // The rest of that statement is on a line of its own.
    const whole = bug.replace(/\n\s+global_account\('payout_transit'\), NULL\);/, '');
    const again = `SELECT prepare_payout(gen_random_uuid(), owner_id, 0, 0, 0, 1) FROM payout WHERE state = 'paid'`;
    expect(await named(whole, again)).toContain('payout_booked');
    expect(await named(again)).toEqual(new Set());
  });

  it('that pays what nobody has earned is found', async () => {
    const bug = await planted('payable_of', 'greatest(0, p_earned - p_pending)', '100 * p_earned');
    const again = `SELECT prepare_payout(gen_random_uuid(), owner_id, 0, 0, 0, 1) FROM payout WHERE state = 'paid'`;
    expect(await named(bug, again)).toContain('payout_beyond_earnings');
  });

  it('that folds sums without taking them from what is fresh is found', async () => {
    const bug = await planted(
      'fold_usage',
      'DELETE FROM usage_fresh WHERE',
      'UPDATE usage_fresh SET id = DEFAULT WHERE',
    );
    expect(await named(bug, 'SELECT fold_usage(100)')).toContain('usage_sum');
    expect(await named('SELECT fold_usage(100)')).toEqual(new Set());
  });
});
