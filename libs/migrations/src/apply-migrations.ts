import { randomUUID } from 'node:crypto';
import { Client, escapeIdentifier } from 'pg';
import { type Migration, readMigrations } from './migration-folder.js';
import { type HistoryRow, MigrationRefused, pendingMigrations } from './migration-history.js';

export type ApplyMigrations = Readonly<{
  /** A login that may create and alter the schema. */
  databaseUrl: string;
  /** Holds `<name>/migration.sql`, as Prisma lays it out. */
  folder: string;
  schema: string;
  /**
   * The service's own login. It may read and write rows of every table that a migration creates, from that
   * migration on; what the migration itself revokes stays revoked.
   */
  role?: string;
}>;

/** The lock that Prisma's engine takes, so that the two never migrate at the same time. */
const advisoryLock = 72_707_369;

/** Prisma's own table, to the letter: its engine finds the history in sync and goes on from there. */
const historyTable = `
  CREATE TABLE IF NOT EXISTS "_prisma_migrations" (
    "id"                  VARCHAR(36) PRIMARY KEY NOT NULL,
    "checksum"            VARCHAR(64) NOT NULL,
    "finished_at"         TIMESTAMPTZ,
    "migration_name"      VARCHAR(255) NOT NULL,
    "logs"                TEXT,
    "rolled_back_at"      TIMESTAMPTZ,
    "started_at"          TIMESTAMPTZ NOT NULL DEFAULT now(),
    "applied_steps_count" INTEGER NOT NULL DEFAULT 0
  )`;

/**
 * Brings one schema up to date and returns the names of what it applied. Safe to call from several
 * processes at once: they queue. Each migration is one transaction with its row in the history, so that a
 * failed one leaves nothing behind.
 */
export async function applyMigrations(options: ApplyMigrations): Promise<readonly string[]> {
  const migrations = await readMigrations(options.folder);
  const client = new Client({ connectionString: options.databaseUrl });
  await client.connect();
  try {
    await client.query('SELECT pg_advisory_lock($1)', [advisoryLock]);
    await prepareSchema(client, options);
    const { rows } = await client.query<HistoryRow>(
      'SELECT migration_name, checksum, finished_at, rolled_back_at FROM "_prisma_migrations"',
    );
    const pending = pendingMigrations(options.schema, migrations, rows);
    for (const migration of pending) await apply(client, options.schema, migration);
    return pending.map((migration) => migration.name);
  } finally {
    // Ends the session, and the lock with it.
    await client.end();
  }
}

async function prepareSchema(client: Client, options: ApplyMigrations): Promise<void> {
  const schema = escapeIdentifier(options.schema);
  // The schema's owner may be somebody who created it for a login without that right.
  const { rowCount } = await client.query('SELECT FROM pg_namespace WHERE nspname = $1', [
    options.schema,
  ]);
  if (rowCount === 0) await client.query(`CREATE SCHEMA ${schema}`);
  await client.query(`SET search_path TO ${schema}`);
  await client.query(historyTable);
  // After the history table, which is not the service's to write.
  if (options.role !== undefined) await grantRows(client, schema, escapeIdentifier(options.role));
}

/** Rights on what is created from here on; nothing is granted again that a migration has revoked. */
async function grantRows(client: Client, schema: string, role: string): Promise<void> {
  await client.query(`GRANT USAGE ON SCHEMA ${schema} TO ${role}`);
  await client.query(
    `ALTER DEFAULT PRIVILEGES IN SCHEMA ${schema} GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO ${role}`,
  );
  await client.query(
    `ALTER DEFAULT PRIVILEGES IN SCHEMA ${schema} GRANT USAGE, SELECT ON SEQUENCES TO ${role}`,
  );
}

async function apply(client: Client, schema: string, migration: Migration): Promise<void> {
  await client.query('BEGIN');
  try {
    const startedAt = new Date();
    await client.query(migration.sql);
    // A migration that sets its own search_path must not misplace the row, nor the next migration.
    await client.query(`SET search_path TO ${escapeIdentifier(schema)}`);
    await client.query(
      `INSERT INTO "_prisma_migrations"
         ("id", "checksum", "migration_name", "started_at", "finished_at", "applied_steps_count")
       VALUES ($1, $2, $3, $4, clock_timestamp(), 1)`,
      [randomUUID(), migration.checksum, migration.name, startedAt],
    );
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK');
    throw new MigrationRefused(
      `The migration ${migration.name} of schema ${schema} failed and was rolled back: ${String(error)}`,
      { cause: error },
    );
  }
}
