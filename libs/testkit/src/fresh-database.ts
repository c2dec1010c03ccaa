import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { provisionDatabase, type ServiceSchema } from '@aisbf/migrations';
import { Client, DatabaseError, escapeIdentifier } from 'pg';
import { runSetting } from './run-setting.js';

export type TestDatabase = Readonly<{
  /** A login that may do everything, for looking behind a service's back. */
  adminUrl: string;
  /** For each service the URL it would be given: its own role, its own schema. */
  urls: Readonly<Record<ServiceName, string>>;
  /** Removes the database, with whoever is still connected to it. */
  drop(): Promise<void>;
}>;

export type ServiceName = 'accounts' | 'router';

/** Migrated once a run; every test's database is a copy of it. */
const templateName = 'aisbf_template';

const services: readonly ServiceSchema<ServiceName>[] = (['accounts', 'router'] as const).map(
  (schema) => ({
    schema,
    role: `aisbf_${schema}`,
    password: `${schema}-test`,
    folder: join(import.meta.dirname, '../../../prisma', schema, 'migrations'),
  }),
);

function urlOf(postgresUrl: string, database: string): string {
  const url = new URL(postgresUrl);
  url.pathname = `/${database}`;
  return url.href;
}

async function run(postgresUrl: string, sql: string): Promise<void> {
  const client = new Client({ connectionString: urlOf(postgresUrl, 'postgres') });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

const objectInUse = '55006';

/** Postgres waits some seconds for those who are leaving; ending them at once would be an error of theirs. */
async function drop(postgresUrl: string, database: string): Promise<void> {
  try {
    await run(postgresUrl, `DROP DATABASE IF EXISTS ${database}`);
  } catch (error) {
    if (!(error instanceof DatabaseError) || error.code !== objectInUse) throw error;
    await run(postgresUrl, `DROP DATABASE IF EXISTS ${database} WITH (FORCE)`);
  }
}

/** Makes the database that `createDatabase` copies; once for all tests of a run. */
export async function prepareTemplate(postgresUrl: string): Promise<void> {
  await provisionDatabase({ adminUrl: urlOf(postgresUrl, templateName), services });
}

/** A database in a Postgres that is the caller's own; it goes with its server. */
export async function provisionIn(postgresUrl: string): Promise<TestDatabase> {
  const adminUrl = urlOf(postgresUrl, `test_${randomUUID().replaceAll('-', '')}`);
  return { adminUrl, urls: await provisionDatabase({ adminUrl, services }), drop: async () => {} };
}

/** A database of the caller's own, empty, with the schemas and logins of all services in place. */
export async function createDatabase(): Promise<TestDatabase> {
  const postgresUrl = runSetting('TEST_POSTGRES_URL');
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  const database = escapeIdentifier(name);
  const template = escapeIdentifier(templateName);
  await run(postgresUrl, `CREATE DATABASE ${database} TEMPLATE ${template}`);
  const adminUrl = urlOf(postgresUrl, name);
  // The tables came with the copy; rights on the database itself do not.
  const urls = await provisionDatabase({ adminUrl, services });
  return {
    adminUrl,
    urls,
    drop: () => drop(postgresUrl, database),
  };
}
