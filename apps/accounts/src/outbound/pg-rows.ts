import { type Nanos, nanos } from '@aisbf/money';
import type { Pool } from 'pg';
import { withRetry } from './pg-retry.js';

/** The text of a statement; with a name the server keeps it prepared. */
export type Statement = string | Readonly<{ name: string; text: string }>;

/** All rows of one statement that is safe to repeat. */
export async function rowsOf<Row extends object>(
  pool: Pool,
  statement: Statement,
  values: readonly unknown[] = [],
): Promise<Row[]> {
  const prepared = typeof statement === 'string' ? { text: statement } : statement;
  return (await withRetry(() => pool.query<Row>({ ...prepared, values: [...values] }))).rows;
}

/** The one row of a function of the ledger. */
export async function rowOf<Row extends object>(
  pool: Pool,
  statement: Statement,
  values: readonly unknown[] = [],
): Promise<Row> {
  const [row] = await rowsOf<Row>(pool, statement, values);
  if (!row)
    throw new Error(`no row from ${typeof statement === 'string' ? statement : statement.name}`);
  return row;
}

/** What a function of the ledger says of its outcome, in a column named `result`. */
export async function resultOf<Result>(
  pool: Pool,
  statement: Statement,
  values: readonly unknown[] = [],
): Promise<Result> {
  return (await rowOf<{ result: Result }>(pool, statement, values)).result;
}

/** Reads an amount from a column whose sign the schema guarantees. */
export function fromBigintColumn(text: string): Nanos {
  return nanos(BigInt(text));
}
