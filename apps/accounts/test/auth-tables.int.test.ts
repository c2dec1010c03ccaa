import { createLog } from '@aisbf/platform';
import { createDatabase, type TestDatabase } from '@aisbf/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { getAuthTables } from 'better-auth/db';
import { Pool } from 'pg';
import { options } from '../src/outbound/better-auth-sign-in.js';
import { mailerOf } from '../src/outbound/mailers.js';
import { PgSessions } from '../src/outbound/pg-sign-in-stores.js';
import { AuditStore } from '../src/services/audit-log.js';

type Column = Readonly<{ data_type: string; is_nullable: 'YES' | 'NO' }>;

/** How Postgres holds what the library calls these; text holds ids, which are UUIDs here. */
const dataTypes: Readonly<Record<string, readonly string[]>> = {
  string: ['text', 'uuid'],
  boolean: ['boolean'],
  date: ['timestamp with time zone'],
  number: ['integer', 'bigint'],
};

class NoAudit extends AuditStore {
  record(): never {
    throw new Error('not asked for here');
  }
  recordOf(): never {
    throw new Error('not asked for here');
  }
  events(): never {
    throw new Error('not asked for here');
  }
}

let database: TestDatabase;
let pool: Pool;
beforeAll(async () => {
  database = await createDatabase();
  pool = new Pool({ connectionString: database.urls.accounts, max: 1 });
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

function described() {
  const parts = {
    pool,
    sessions: new PgSessions(pool),
    mailer: mailerOf({ smtpUrl: '', folder: '', from: '' }),
    audit: new NoAudit(),
    log: createLog('test', 'silent'),
  };
  const settings = {
    publicUrl: 'http://market.example',
    trustedOrigins: [],
    pepper: 'a pepper of this test only',
    sessionTtlMs: 1_000,
    accessTokenTtlMs: 1_000,
    linkTtlMs: 1_000,
    addressAttemptsMax: 1,
    passkeysMax: 1,
  };
  return Object.values(getAuthTables(options(parts, settings)));
}

async function columnsOf(table: string): Promise<ReadonlyMap<string, Column>> {
  const { rows } = await pool.query<Column & { column_name: string }>(
    `SELECT column_name, data_type, is_nullable FROM information_schema.columns
     WHERE table_schema = 'accounts' AND table_name = $1`,
    [table],
  );
  return new Map(rows.map((row) => [row.column_name, row]));
}

describe('the tables of the sign-in library', () => {
  it('have the columns that it describes, of types that hold them', async () => {
    const wrong: string[] = [];
    for (const { modelName, fields } of described()) {
      const columns = await columnsOf(modelName);
      for (const [name, { fieldName = name, type }] of Object.entries(fields)) {
        const column = columns.get(fieldName);
        const isFit = column && dataTypes[String(type)]?.includes(column.data_type);
        if (!isFit) wrong.push(`${modelName}.${fieldName}: ${type}, ${column?.data_type}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('keep apart what it wants to be unique', async () => {
    const missing: string[] = [];
    for (const { modelName, fields } of described()) {
      for (const [name, { fieldName = name, unique }] of Object.entries(fields)) {
        if (!unique) continue;
        const { rowCount } = await pool.query(
          `SELECT FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
           WHERE i.indrelid = $1::regclass AND i.indisunique AND i.indnkeyatts = 1 AND a.attname = $2`,
          [modelName, fieldName],
        );
        if (rowCount === 0) missing.push(`${modelName}.${fieldName}`);
      }
    }
    expect(missing).toEqual([]);
  });
});
