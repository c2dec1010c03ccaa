import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { Client } from 'pg';
import { createDatabase, type TestDatabase } from './fresh-database.js';
import { natsUrl } from './nats-url.js';
import { redisUrl } from './redis-url.js';

async function query(url: string, sql: string): Promise<readonly Record<string, unknown>[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

describe(createDatabase, () => {
  const databases: TestDatabase[] = [];
  beforeAll(async () => {
    databases.push(...(await Promise.all([createDatabase(), createDatabase()])));
  });
  afterAll(async () => {
    await Promise.all(databases.map((database) => database.drop()));
  });

  it.each(['accounts', 'router'] as const)(
    'lets %s into its own schema, as itself',
    async (name) => {
      const rows = await query(
        databases[0]?.urls[name] ?? '',
        `SELECT current_user AS role, current_schema() AS schema,
              (SELECT count(*)::int FROM information_schema.tables WHERE table_schema = '${name}') AS tables`,
      );
      expect(rows).toEqual([{ role: `aisbf_${name}`, schema: name, tables: expect.any(Number) }]);
      expect(rows[0]?.tables).toBeGreaterThan(0);
    },
  );

  it('keeps a service out of the tables of another', async () => {
    const url = databases[0]?.urls.router ?? '';
    await expect(query(url, 'SELECT * FROM accounts._prisma_migrations')).rejects.toThrow(/denied/);
  });

  it('keeps databases apart', async () => {
    const [first, second] = databases;
    await query(first?.adminUrl ?? '', 'CREATE TABLE public.mine (id int)');
    await expect(query(second?.adminUrl ?? '', 'SELECT * FROM public.mine')).rejects.toThrow(
      /exist/,
    );
  });

  it('drops a database to which somebody is still connected', async () => {
    const database = await createDatabase();
    const client = new Client({ connectionString: database.adminUrl });
    client.on('error', () => undefined);
    await client.connect();
    await database.drop();
    await expect(query(database.adminUrl, 'SELECT 1')).rejects.toThrow(/does not exist/);
    await client.end();
  });
});

describe(redisUrl, () => {
  it('names a database of this worker', async () => {
    expect(await redisUrl()).toMatch(/^redis:\/\/127\.0\.0\.1:\d+\/\d+$/);
  });
});

describe(natsUrl, () => {
  it('empties the server once in a file', async () => {
    const servers = await natsUrl();
    const connection = await connect({ servers });
    const manager = await jetstreamManager(connection);
    expect(await manager.streams.names().next()).toEqual([]);
    await manager.streams.add({ name: 'OURS', subjects: ['ours'] });
    expect(await natsUrl()).toBe(servers);
    expect(await manager.streams.names().next()).toEqual(['OURS']);
    await connection.close();
  });
});
