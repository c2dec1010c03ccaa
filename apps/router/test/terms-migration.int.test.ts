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

describe('the migration to prices from a moment on', () => {
  it('keeps what every listing costs, and its own fee', async () => {
    const database = await createDatabase();
    const client = new Client({ connectionString: database.adminUrl });
    await client.connect();
    try {
      await client.query('CREATE SCHEMA earlier; SET search_path TO earlier');
      for (const name of ['20261122000000_catalogue', '20261122080000_registration']) {
        await client.query(await migration(name));
      }
      await client.query(await migration('20261125230100_usage_check'));
      const provider = randomUUID();
      await client.query(
        `INSERT INTO provider (id, owner_id, username, name, kind, base_url)
         VALUES ($1, $2, 'anna', 'cloud', 'openai', 'https://upstream.example/v1')`,
        [provider, randomUUID()],
      );
      const [plain, own] = [randomUUID(), randomUUID()];
      const updatedAt = new Date('2026-11-20T10:00:00.123Z');
      await client.query(
        `INSERT INTO listing (id, provider_id, model, prompt_token_nanos, video_second_nanos, fee_bps, updated_at)
         VALUES ($1, $3, 'plain', 5, NULL, NULL, $4), ($2, $3, 'own', NULL, 7, 0, $4)`,
        [plain, own, provider, updatedAt],
      );

      await client.query(await migration('20261126040000_price_schedule'));

      const { rows } = await client.query('SELECT * FROM term_change ORDER BY kind, subject_name');
      const then = { valid_from: updatedAt, set_at: updatedAt, set_by: null, withdrawn_at: null };
      expect(rows).toMatchObject([
        { kind: 'listing_prices', subject_id: own, video_second_nanos: '7', ...then },
        {
          ...{ kind: 'listing_prices', subject_id: plain, subject_name: 'anna/cloud plain' },
          ...{ prompt_token_nanos: '5', video_second_nanos: null, ...then },
        },
        { kind: 'listing_fee', subject_id: own, fee_bps: 0, ...then },
      ]);
      const listings = await client.query('SELECT * FROM listing');
      expect(listings.rows.length).toBe(2);
      expect(Object.keys(listings.rows[0])).not.toContain('prompt_token_nanos');
    } finally {
      await client.end();
      await database.drop();
    }
  });
});
