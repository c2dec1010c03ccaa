import type { Pool } from 'pg';
import { withRetry } from './pg-retry.js';

/** All rows of one statement that is safe to repeat. */
export async function rowsOf<Row extends object>(
  pool: Pool,
  text: string,
  values: readonly unknown[] = [],
): Promise<Row[]> {
  return (await withRetry(() => pool.query<Row>(text, [...values]))).rows;
}

/** The one row of a function of the ledger. */
export async function rowOf<Row extends object>(
  pool: Pool,
  text: string,
  values: readonly unknown[] = [],
): Promise<Row> {
  const [row] = await rowsOf<Row>(pool, text, values);
  if (!row) throw new Error(`no row from ${text}`);
  return row;
}

/** What a function of the ledger says of its outcome, in a column named `result`. */
export async function resultOf<Result>(
  pool: Pool,
  text: string,
  values: readonly unknown[] = [],
): Promise<Result> {
  return (await rowOf<{ result: Result }>(pool, text, values)).result;
}
