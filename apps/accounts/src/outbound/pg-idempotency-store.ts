import { Injectable } from '@nestjs/common';
import { Pool } from 'pg';
import { IdempotencyStore, type KeyedRequest } from '../services/idempotency.js';
import { resultOf, rowsOf } from './pg-rows.js';

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
    const [row] = await rowsOf<KeyRow>(
      this.pool,
      {
        name: 'find_answer',
        text: `SELECT request_id, body_hash, answer, keyed_request_state(request_id) AS state
               FROM idempotency_key WHERE owner_id = $1 AND key = $2 AND expires_at > clock_timestamp()`,
      },
      [ownerId, key],
    );
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
    await rowsOf(
      this.pool,
      {
        name: 'keep_answer',
        text: 'UPDATE idempotency_key SET answer = $2 WHERE request_id = $1',
      },
      [requestId, answer],
    );
  }

  purge(limit: number): Promise<number> {
    return resultOf(this.pool, 'SELECT purge_idempotency_keys($1) AS result', [limit]);
  }
}
