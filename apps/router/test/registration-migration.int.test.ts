import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createDatabase } from '@aisbf/testkit';
import { describe, expect, it } from '@jest/globals';
import { Client } from 'pg';

const migration = (name: string) =>
  readFile(
    join(import.meta.dirname, '../../../prisma/router/migrations', name, 'migration.sql'),
    'utf8',
  );

describe('the migration to several registrations', () => {
  it('keeps every worker able to connect, and hosted providers as they were', async () => {
    const database = await createDatabase();
    const client = new Client({ connectionString: database.adminUrl });
    await client.connect();
    try {
      await client.query('CREATE SCHEMA earlier; SET search_path TO earlier');
      await client.query(await migration('20261122000000_catalogue'));
      const add = (id: string, kind: string, hash: string | null, baseUrl: string | null) =>
        client.query(
          `INSERT INTO provider (id, owner_id, username, name, kind, registration_token_hash, base_url)
           VALUES ($1, $2, 'anna', $6, $3, $4, $5)`,
          [id, randomUUID(), kind, hash, baseUrl, id],
        );
      const [first, second, hosted] = [randomUUID(), randomUUID(), randomUUID()];
      await add(first, 'coderai', 'hash 1', null);
      await add(second, 'coderai', 'hash 2', null);
      await add(hosted, 'openai', null, 'https://upstream.example/v1');

      await client.query(await migration('20261122080000_registration'));

      const { rows } = await client.query(
        'SELECT provider_id, token_hash, public_id, expires_at, revoked_at FROM registration ORDER BY token_hash',
      );
      const valid = {
        public_id: expect.stringMatching(/^[0-9a-f]{12}$/),
        expires_at: null,
        revoked_at: null,
      };
      expect(rows).toEqual([
        { provider_id: first, token_hash: 'hash 1', ...valid },
        { provider_id: second, token_hash: 'hash 2', ...valid },
      ]);
      const providers = await client.query('SELECT * FROM provider');
      expect(providers.rows.length).toBe(3);
      expect(providers.rows[0]).not.toHaveProperty('registration_token_hash');
      // A provider without an address is still no hosted one.
      await expect(
        client.query(`UPDATE provider SET base_url = NULL WHERE id = '${hosted}'`),
      ).rejects.toThrow(/provider_kind_check/);
    } finally {
      await client.end();
      await database.drop();
    }
  });
});
