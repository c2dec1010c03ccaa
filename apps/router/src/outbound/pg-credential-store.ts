import { Injectable } from '@nestjs/common';
import type { PoolClient } from 'pg';
import type { KeyCount } from '../credential-events.js';
import { envelopeVersion, type StoredCredential } from '../domain/stored-credential.js';
import { CredentialStore, type RewrappedBatch } from '../services/credential-upkeep.js';
import { type CredentialColumns, fromCredentialColumns } from './credential-columns.js';
import { CredentialVault } from './credential-vault.js';
import { ReadingPool } from './router-database.js';

type FormerRow = CredentialColumns & Readonly<{ id: string; owner_id: string }>;
type CountRow = Readonly<{ version: number; key_id: string; count: string }>;

export class CredentialBatch {
  constructor(readonly size: number) {}
}

/** Before any other. */
const firstId = '00000000-0000-0000-0000-000000000000';

/**
 * A row that is read here cannot change before it is written; one that somebody is changing is passed over, and looked at
 * again in the next round. References to a provider do not wait for this.
 */
const formerSql = `
  SELECT id, owner_id, credential_ciphertext, credential_version, credential_data_key, credential_key_id
  FROM provider
  WHERE credential_ciphertext IS NOT NULL AND id > $1
    AND (credential_key_id <> $2 OR credential_version < $3)
  ORDER BY id LIMIT $4
  FOR NO KEY UPDATE SKIP LOCKED`;
const rewrapSql = `
  UPDATE provider
  SET credential_version = $2, credential_key_id = $3, credential_data_key = $4, credential_ciphertext = $5
  WHERE id = $1`;
const countSql = `
  SELECT credential_version AS version, credential_key_id AS key_id, count(*) AS count
  FROM provider WHERE credential_ciphertext IS NOT NULL GROUP BY 1, 2`;

/** The credentials in the table of providers. Locks rows, which Prisma's own statements cannot. */
@Injectable()
export class PgCredentialStore extends CredentialStore {
  constructor(
    private readonly pool: ReadingPool,
    private readonly vault: CredentialVault,
    private readonly batch: CredentialBatch,
  ) {
    super();
  }

  get currentKeyId(): string {
    return this.vault.currentKeyId;
  }

  async rewrapBatch(afterProviderId = firstId): Promise<RewrappedBatch> {
    const client = await this.pool.connect();
    try {
      await client.query('BEGIN');
      const batch = await this.rewrapAfter(afterProviderId, client);
      await client.query('COMMIT');
      client.release();
      return batch;
    } catch (error) {
      // Whatever state it is in, this connection is not used again.
      client.release(true);
      throw error;
    }
  }

  async counts(): Promise<readonly KeyCount[]> {
    const { rows } = await this.pool.query<CountRow>(countSql);
    return [...this.vault.keyIds, undefined].map((keyId) => {
      const under = rows.filter(
        ({ version, key_id }) => this.vault.keyIdOf({ version, keyId: key_id }) === keyId,
      );
      return { keyId, count: under.reduce((sum, { count }) => sum + Number(count), 0) };
    });
  }

  private async rewrapAfter(providerId: string, client: PoolClient): Promise<RewrappedBatch> {
    const { rows } = await client.query<FormerRow>(formerSql, [
      providerId,
      this.currentKeyId,
      envelopeVersion,
      this.batch.size,
    ]);
    let rewrapped = 0;
    for (const row of rows) {
      const stored = this.rewrap(row);
      if (stored === undefined) continue;
      const { version, keyId, dataKey, ciphertext } = stored;
      await client.query(rewrapSql, [row.id, version, keyId, dataKey, ciphertext]);
      rewrapped += 1;
    }
    return { rewrapped, lastProviderId: rows.at(-1)?.id };
  }

  /** Undefined where it does not open: whoever loads the catalogue tells of it. */
  private rewrap(row: FormerRow): StoredCredential | undefined {
    const stored = fromCredentialColumns(row);
    if (stored === null) return undefined;
    const result = this.vault.rewrap(stored, { ownerId: row.owner_id, providerId: row.id });
    return result.kind === 'rewrapped' ? result.stored : undefined;
  }
}
