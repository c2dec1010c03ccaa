import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { provisionDatabase } from '@aisbf/migrations';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { findFreePorts } from './free-ports.js';
import { startPostgres } from './postgres.js';
import type { Server } from './server.js';
import { type ThrowAwayFolder, throwAwayFolder } from './throw-away-folder.js';

let folder: ThrowAwayFolder;
let postgres: Server;
let port: number;

const start = () =>
  startPostgres({
    dataDir: join(folder.path, 'postgres'),
    port,
    password: 'p@ss/word',
    logFile: join(folder.path, 'postgres.log'),
    throwAway: true,
  });

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

/** The same server, another database. */
function database(name: string, login?: { role: string; password: string }): string {
  const url = new URL(postgres.url);
  url.pathname = `/${name}`;
  if (login !== undefined) {
    url.username = login.role;
    url.password = login.password;
  }
  return url.href;
}

/** A folder of migrations, as Prisma lays it out. */
async function migrations(name: string, files: Readonly<Record<string, string>>): Promise<string> {
  const path = join(folder.path, name);
  for (const [migration, sql] of Object.entries(files)) {
    await mkdir(join(path, migration), { recursive: true });
    await writeFile(join(path, migration, 'migration.sql'), sql);
  }
  return path;
}

const service = (folderPath: string) => ({
  schema: 'shop' as const,
  role: 'shop_service',
  password: 'secret',
  folder: folderPath,
});

beforeAll(async () => {
  folder = await throwAwayFolder();
  [port = 0] = await findFreePorts(1);
  postgres = await start();
});

afterAll(async () => {
  await postgres.stop();
  await folder.remove();
});

describe(startPostgres, () => {
  it('keeps what was committed when it is killed', async () => {
    const url = database('postgres');
    await query(url, 'CREATE TABLE kept AS SELECT 7 AS number');
    await postgres.daemon?.kill('SIGKILL');
    postgres = await start();
    expect(await query(url, 'SELECT number FROM kept')).toEqual([{ number: 7 }]);
    const [settings] = await query(
      url,
      `SELECT current_setting('synchronous_commit') AS commit, current_setting('max_connections') AS max,
         current_setting('data_checksums') AS checksums, current_setting('TimeZone') AS zone`,
    );
    expect(settings).toEqual({ commit: 'on', max: '200', checksums: 'on', zone: 'UTC' });
  });

  it('runs where its own user could not enter, when we are root', async () => {
    const closed = join(folder.path, 'closed');
    await mkdir(closed, { mode: 0o700 });
    const [other = 0] = await findFreePorts(1);
    const hidden = await startPostgres({
      dataDir: join(closed, 'postgres'),
      port: other,
      password: 'x',
      logFile: join(folder.path, 'closed.log'),
      throwAway: true,
    });
    expect(await query(hidden.url.replace(/\w+$/, 'postgres'), 'SELECT 1 AS one')).toEqual([
      { one: 1 },
    ]);
    await hidden.stop();
  });

  it('lets nobody in without the password', async () => {
    const url = database('postgres', { role: 'aisbf', password: 'guess' });
    await expect(query(url, 'SELECT 1')).rejects.toThrow(/password/);
  });

  it('shows the end of its log when it cannot start', async () => {
    const [other = 0] = await findFreePorts(1);
    const dataDir = join(folder.path, 'damaged');
    await mkdir(dataDir);
    await writeFile(join(dataDir, 'PG_VERSION'), '17');
    const second = startPostgres({
      dataDir,
      port: other,
      password: 'x',
      logFile: join(folder.path, 'damaged.log'),
    });
    await expect(second).rejects.toThrow(/ended before it was ready.*postgresql\.conf/s);
  });
});

describe(provisionDatabase, () => {
  it('gives each service a login that changes rows but no tables', async () => {
    const path = await migrations('shop', {
      '1_items':
        'CREATE TABLE item (id serial PRIMARY KEY, name text); CREATE TABLE sold (id int);',
      '2_append_only': 'REVOKE UPDATE, DELETE ON sold FROM shop_service;',
    });
    const adminUrl = database('first');
    const { shop } = await provisionDatabase({ adminUrl, services: [service(path)] });

    await query(shop, `INSERT INTO item (name) VALUES ('a'); INSERT INTO sold VALUES (1)`);
    expect(await query(shop, 'SELECT current_user AS me, name FROM item')).toEqual([
      { me: 'shop_service', name: 'a' },
    ]);
    await expect(query(shop, 'DELETE FROM sold')).rejects.toThrow(/denied/);
    await expect(query(shop, 'DROP TABLE item')).rejects.toThrow(/owner/);
    await expect(query(shop, 'UPDATE _prisma_migrations SET checksum = $$x$$')).rejects.toThrow(
      /denied/,
    );
    // A second start gives nothing back that a migration took.
    await provisionDatabase({ adminUrl, services: [service(path)] });
    await expect(query(shop, 'UPDATE sold SET id = 2')).rejects.toThrow(/denied/);
  });

  it('writes the history as Prisma does', async () => {
    const rows = await query(
      database('first'),
      'SELECT * FROM shop._prisma_migrations ORDER BY migration_name',
    );
    expect(rows).toHaveLength(2);
    expect(rows[0]).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      checksum: expect.stringMatching(/^[0-9a-f]{64}$/),
      finished_at: expect.any(Date),
      migration_name: '1_items',
      logs: null,
      rolled_back_at: null,
      started_at: expect.any(Date),
      applied_steps_count: 1,
    });
  });

  it('applies each migration once, however many start together', async () => {
    const path = await migrations('racing', {
      '1_slow': 'CREATE TABLE once (id int); SELECT pg_sleep(0.1); INSERT INTO once VALUES (1);',
    });
    const starts = [1, 2, 3, 4, 5, 6].map((number) =>
      provisionDatabase({
        adminUrl: database(number % 2 === 0 ? 'even' : 'odd'),
        services: [service(path)],
      }),
    );
    for (const { shop } of await Promise.all(starts)) {
      expect(await query(shop, 'SELECT id FROM once')).toEqual([{ id: 1 }]);
    }
  });

  it('leaves nothing of a migration that fails', async () => {
    const path = await migrations('broken', { '1_bad': 'CREATE TABLE half (id int); SELECT 1/0;' });
    const adminUrl = database('broken');
    const provisioned = provisionDatabase({ adminUrl, services: [service(path)] });
    await expect(provisioned).rejects.toThrow(/1_bad of schema shop failed.*division by zero/);
    expect(await query(adminUrl, `SELECT to_regclass('shop.half') AS half`)).toEqual([
      { half: null },
    ]);
    await writeFile(join(path, '1_bad/migration.sql'), 'CREATE TABLE half (id int)');
    await provisionDatabase({ adminUrl, services: [service(path)] });
  });

  it('shares one login where it may make none, and says so', async () => {
    const path = await migrations('humble', { '1_table': 'CREATE TABLE thing (id int)' });
    await query(database('postgres'), `CREATE ROLE humble LOGIN PASSWORD 'h'`);
    await query(database('postgres'), 'CREATE DATABASE humble OWNER humble');
    const warnings: string[] = [];
    const { other } = await provisionDatabase({
      adminUrl: database('humble', { role: 'humble', password: 'h' }),
      services: [{ schema: 'other' as const, role: 'other_service', password: 'x', folder: path }],
      onWarning: (warning) => warnings.push(warning),
    });
    expect(await query(other, 'SELECT current_user AS me, count(*)::int FROM thing')).toEqual([
      { me: 'humble', count: 0 },
    ]);
    expect(warnings).toEqual([expect.stringContaining('may not create roles')]);
  });
});

it('leaves no password behind in files that others can read', async () => {
  await expect(readFile(join(folder.path, 'postgres.password'))).rejects.toThrow('ENOENT');
});
