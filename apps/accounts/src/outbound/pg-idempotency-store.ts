import { Injectable } from '@nestjs/common';
import { Pool } from 'pg';
import { IdempotencyStore, type KeyedRequest } from '../services/idempotency.js';
import { withRetry } from './pg-retry.js';

type KeyRow = {
  request_id: string;
  body_hash: string;
  state: KeyedRequest['state'];
  answer: Buffer | null;
};

@Injectable()
export class PgIdempotencyStore extends IdempotencyStore {
  constructor(private readonly pool: Pool) {
    super();
  }

  async find(ownerId: string, key: string): Promise<KeyedRequest | undefined> {
    const { rows } = await withRetry(() =>
      this.pool.query<KeyRow>({
        name: 'find_answer',
        text: `SELECT request_id, body_hash, answer, keyed_request_state(request_id) AS state
               FROM idempotency_key WHERE owner_id = $1 AND key = $2 AND expires_at > clock_timestamp()`,
        values: [ownerId, key],
      }),
    );
    const [row] = rows;
    return (
      row && {
        requestId: row.request_id,
        bodyHash: row.body_hash,
        state: row.state,
        answer: row.answer,
      }
    );
  }

  async keep(requestId: string, answer: Uint8Array): Promise<void> {
    await withRetry(() =>
      this.pool.query({
        name: 'keep_answer',
        text: 'UPDATE idempotency_key SET answer = $2 WHERE request_id = $1',
        values: [requestId, answer],
      }),
    );
  }

  async purge(limit: number): Promise<number> {
    const { rows } = await withRetry(() =>
      this.pool.query<{ count: number }>('SELECT purge_idempotency_keys($1) AS count', [limit]),
    );
    return rows[0]?.count ?? 0;
  }
}
