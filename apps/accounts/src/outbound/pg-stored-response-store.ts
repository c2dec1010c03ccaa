import { Injectable } from '@nestjs/common';
import { Pool } from 'pg';
import { StoredResponseStore } from '../services/stored-responses.js';
import { resultOf, rowsOf } from './pg-rows.js';

@Injectable()
export class PgStoredResponseStore extends StoredResponseStore {
  constructor(private readonly pool: Pool) {
    super();
  }

  async find(ownerId: string, id: string): Promise<Uint8Array | undefined> {
    const [row] = await rowsOf<{ sealed: Buffer }>(
      this.pool,
      {
        name: 'find_response',
        text: `SELECT sealed FROM stored_response
               WHERE id = $1 AND owner_id = $2 AND expires_at > clock_timestamp()`,
      },
      [id, ownerId],
    );
    return row?.sealed;
  }

  async keep(ownerId: string, id: string, sealed: Uint8Array, expiresAtMs: number): Promise<void> {
    await rowsOf(
      this.pool,
      {
        name: 'keep_response',
        text: `INSERT INTO stored_response (id, owner_id, sealed, expires_at)
               VALUES ($1, $2, $3, to_timestamp($4::double precision / 1000))
               ON CONFLICT (id) DO NOTHING`,
      },
      [id, ownerId, sealed, expiresAtMs],
    );
  }

  async trim(ownerId: string, countMax: number): Promise<void> {
    await rowsOf(
      this.pool,
      {
        name: 'trim_responses',
        text: `DELETE FROM stored_response WHERE id IN (
                 SELECT id FROM stored_response WHERE owner_id = $1
                 ORDER BY created_at DESC, id OFFSET $2)`,
      },
      [ownerId, countMax],
    );
  }

  async forget(ownerId: string, id: string): Promise<boolean> {
    const rows = await rowsOf(
      this.pool,
      {
        name: 'forget_response',
        text: 'DELETE FROM stored_response WHERE id = $1 AND owner_id = $2 RETURNING id',
      },
      [id, ownerId],
    );
    return rows.length > 0;
  }

  purge(limit: number): Promise<number> {
    return resultOf(
      this.pool,
      {
        name: 'purge_responses',
        text: `WITH purged AS (
                 DELETE FROM stored_response WHERE id IN (
                   SELECT id FROM stored_response WHERE expires_at <= clock_timestamp()
                   ORDER BY expires_at LIMIT $1 FOR UPDATE SKIP LOCKED)
                 RETURNING 1)
               SELECT count(*)::integer AS result FROM purged`,
      },
      [limit],
    );
  }
}
