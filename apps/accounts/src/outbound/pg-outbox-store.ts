import { Injectable } from '@nestjs/common';
import { Pool } from 'pg';
import { type OutboxEntry, OutboxStore } from '../services/outbox-relay.js';
import { withRetry } from './pg-retry.js';

@Injectable()
export class PgOutboxStore extends OutboxStore {
  constructor(private readonly pool: Pool) {
    super();
  }

  async unpublished(limit: number): Promise<readonly OutboxEntry[]> {
    const { rows } = await withRetry(() =>
      this.pool.query<OutboxEntry>({
        name: 'outbox_unpublished',
        text: `SELECT id::text, 'outbox:' || id AS "messageId", subject, payload
             FROM outbox WHERE published_at IS NULL ORDER BY id LIMIT $1`,
        values: [limit],
      }),
    );
    return rows;
  }

  async markPublished(ids: readonly string[]): Promise<void> {
    await withRetry(() =>
      this.pool.query({
        name: 'outbox_mark_published',
        text: 'UPDATE outbox SET published_at = now() WHERE id = ANY ($1::bigint[])',
        values: [ids],
      }),
    );
  }
}
