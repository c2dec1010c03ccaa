import { expect } from '@jest/globals';
import type { Pool } from 'pg';

/** A function's source with a part replaced, which must be there. */
export async function sourceWith(
  database: Pool,
  name: string,
  from: string,
  to: string,
): Promise<string> {
  const { rows } = await database.query<{ source: string }>(
    'SELECT pg_get_functiondef(oid) AS source FROM pg_proc WHERE proname = $1',
    [name],
  );
  const source = rows[0]?.source ?? '';
  expect(source).toContain(from);
  return source.replaceAll(from, to);
}

/** Puts it in the function's place. */
export async function plantIn(
  database: Pool,
  ...[name, from, to]: [name: string, from: string, to: string]
): Promise<void> {
  await database.query(await sourceWith(database, name, from, to));
}
