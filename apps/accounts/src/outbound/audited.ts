import type { Pool } from 'pg';
import type { Note } from '../domain/audit.js';
import { rowOf, type Statement } from './pg-rows.js';

/** What an act came to, whose matter it was, and facts of it that were not known before; both may be absent. */
export type ActRow = Readonly<{
  result: string;
  owner_id: string | null;
  fact: Readonly<Record<string, string>> | null;
}>;

/**
 * One act and its lines in the record, in one statement: both are there or neither, and no lock waits for a second
 * call. The act's statement gives one row with the columns of `ActRow`. Without an owner it is the installation's
 * own matter.
 */
export async function auditedRowOf<Row extends ActRow>(
  pool: Pool,
  act: string,
  values: readonly unknown[],
  notes: readonly Note[],
): Promise<Row> {
  const statement: Statement = `
    WITH done AS MATERIALIZED (${act}), noted AS (
      INSERT INTO audit_event (owner_id, actor_user, actor_token, action, subject, detail, address)
      SELECT coalesce(done.owner_id, (SELECT id FROM owner WHERE kind = 'global')), n."actorUser", n."actorToken",
        n.action, n.subject, n.detail || coalesce(done.fact, '{}'), n.address
      FROM done CROSS JOIN jsonb_to_recordset($${values.length + 1}::jsonb) AS n (
        "when" jsonb, "actorUser" uuid, "actorToken" uuid, action text, subject text, detail jsonb, address text)
      WHERE n."when" ? done.result
    )
    SELECT * FROM done`;
  const lines = notes.map(({ when, deed }) => ({ when, ...deed }));
  return rowOf<Row>(pool, statement, [...values, JSON.stringify(lines)]);
}

/** The same where only the result matters. */
export async function auditedResultOf<Result extends string>(
  pool: Pool,
  act: string,
  values: readonly unknown[],
  notes: readonly Note[],
): Promise<Result> {
  return (await auditedRowOf(pool, act, values, notes)).result as Result;
}
