import type { Pool } from 'pg';
import { median } from '../statistics.js';
import type { BenchOwner } from './buyers.js';

export type HistoryFigures = Readonly<{
  receipts: number;
  transfers: number;
  /** The command that reconciles a day, from its start to its end: the whole oracle, in which there is nothing. */
  reconcileMs: number;
  /** A page of a hundred receipts, in the middle of the month, as accounts lists them. */
  pageMs: number;
  /** What each model of the month has cost, by the sums of its days. */
  monthMs: number;
}>;

const chunk = 50_000;
const times = 5;

/** One owner's month of so many requests, each with a transaction of its own, as if no two had met in a batch. */
async function makeHistory(
  database: Pool,
  buyer: BenchOwner,
  seller: BenchOwner,
  receipts: number,
) {
  for (let from = 0; from < receipts; from += chunk) {
    await database.query(
      `WITH one AS (
         SELECT n, nextval(pg_get_serial_sequence('transaction', 'id')) AS transaction_id,
           nextval(pg_get_serial_sequence('outbox', 'id')) AS outbox_id,
           date_trunc('month', now()) + n * interval '2.4 seconds' AS at
         FROM generate_series($1::int, $2::int - 1) n
       ), transactions AS (
         INSERT INTO transaction (id, kind, created_at) SELECT transaction_id, 'usage', at FROM one
       ), events AS (
         INSERT INTO outbox (id, subject, payload, published_at)
         SELECT outbox_id, 'bench', '{}', now() FROM one
       ), transfers AS (
         INSERT INTO transfer (transaction_id, leg, debit_account_id, credit_account_id, amount, code)
         SELECT transaction_id, leg, w.account_id,
           CASE leg WHEN 1 THEN global_account('platform_fee') ELSE account_of('seller_payable', $4::uuid) END,
           CASE leg WHEN 1 THEN 15 ELSE 285 END, CASE leg WHEN 1 THEN 'fee' ELSE 'usage' END
         FROM one, generate_series(1, 2) leg, wallet w WHERE w.owner_id = $3
       ), queue AS (
         INSERT INTO fold_queue SELECT transaction_id FROM one
       ), receipts AS (
         INSERT INTO receipt (id, owner_id, api_token_id, amount, parameters_hash, route, is_stream, terms, rejections,
           state, captured, fee, transaction_id, outbox_id, epoch, created_at, resolved_at, outcome, served_position,
           seller_owner_id, provider_id, model, units, attempts)
         SELECT 'req_' || md5($3::text || n), $3, $5, 1000, md5(n::text), 'rotation/bench', true,
           jsonb_build_array(jsonb_build_object('sellerOwnerId', $4::uuid, 'providerId', $4::uuid,
             'providerLabel', 'seller/one', 'model', 'model-' || n % 7, 'feeBps', 500,
             'prices', jsonb_build_object('prompt_token', '1000000', 'completion_token', '1000000'))),
           '[]', 'settled', 300, 15, transaction_id, outbox_id, 1, at, at, 'completed', 0, $4, $4, 'model-' || n % 7,
           '{"prompt_token": 100, "completion_token": 200, "request": 1}', '[]'
         FROM one
       )
       UPDATE wallet SET posted = posted - 300 * ($2::bigint - $1) WHERE owner_id = $3`,
      [from, Math.min(from + chunk, receipts), buyer.ownerId, seller.ownerId, buyer.apiTokenId],
    );
  }
  await database.query('VACUUM ANALYZE');
}

export async function measureHistory(
  database: Pool,
  owners: Readonly<{ buyer: BenchOwner; seller: BenchOwner }>,
  receipts: number,
  reconcile: (day: string) => Promise<void>,
): Promise<HistoryFigures> {
  const { buyer, seller } = owners;
  await makeHistory(database, buyer, seller, receipts);
  // As accounts does it in the background.
  while (await hasFolded(database, 'fold_transactions', 10_000));
  while (await hasFolded(database, 'fold_usage', 1));
  const { rows } = await database.query<{ transfers: number }>(
    'SELECT count(*)::int AS transfers FROM transfer',
  );
  return {
    receipts,
    transfers: rows[0]?.transfers ?? 0,
    reconcileMs: await reconcileTime(reconcile),
    pageMs: await medianOf(
      database,
      `SELECT * FROM receipt WHERE state <> 'declined' AND owner_id = $1
         AND resolved_at < date_trunc('month', now()) + interval '15 days'
       ORDER BY resolved_at DESC, id DESC LIMIT 100`,
      [buyer.ownerId],
    ),
    monthMs: await medianOf(
      database,
      `SELECT provider, model, sum(requests), sum(charged), sum(completion_token)
       FROM usage_sum WHERE owner_id = $1 AND day >= date_trunc('month', now())::date
         AND day < (date_trunc('month', now()) + interval '1 month')::date
       GROUP BY 1, 2`,
      [buyer.ownerId],
    ),
  };
}

/** The first day of the month, which has as many requests as any. */
async function reconcileTime(reconcile: (day: string) => Promise<void>): Promise<number> {
  const startMs = performance.now();
  await reconcile(`${new Date().toISOString().slice(0, 7)}-01`);
  return performance.now() - startMs;
}

/** A note of usage stands for all receipts that were written at once. */
async function hasFolded(
  database: Pool,
  fold: 'fold_transactions' | 'fold_usage',
  most: number,
): Promise<boolean> {
  const { rows } = await database.query<{ count: number }>(`SELECT ${fold}($1) AS count`, [most]);
  return rows[0]?.count !== 0;
}

async function medianOf(database: Pool, sql: string, values: readonly unknown[]): Promise<number> {
  const all: number[] = [];
  for (let n = 0; n < times; n += 1) all.push(await timeOf(database, sql, values));
  return median(all);
}

async function timeOf(database: Pool, sql: string, values: readonly unknown[]): Promise<number> {
  const startMs = performance.now();
  await database.query(sql, [...values]);
  return performance.now() - startMs;
}
