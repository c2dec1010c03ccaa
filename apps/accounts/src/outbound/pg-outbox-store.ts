import { Injectable } from '@nestjs/common';
import { Pool } from 'pg';
import { type OutboxEntry, OutboxStore } from '../services/outbox-relay.js';
import { rowsOf } from './pg-rows.js';

@Injectable()
export class PgOutboxStore extends OutboxStore {
  constructor(private readonly pool: Pool) {
    super();
  }

  unpublished(limit: number): Promise<readonly OutboxEntry[]> {
    return rowsOf<OutboxEntry>(
      this.pool,
      {
        name: 'outbox_unpublished',
        text: `SELECT id::text, 'outbox:' || id AS "messageId", subject,
                 CASE payload ->> 'type' WHEN 'usage-settled' THEN usage_event(payload)::text
                   ELSE payload::text END AS text
               FROM outbox WHERE published_at IS NULL ORDER BY id LIMIT $1`,
      },
      [limit],
    );
  }

  async markPublished(ids: readonly string[]): Promise<void> {
    await rowsOf(
      this.pool,
      {
        name: 'outbox_mark_published',
        text: 'UPDATE outbox SET published_at = now() WHERE id = ANY ($1::bigint[])',
      },
      [ids],
    );
  }
}
