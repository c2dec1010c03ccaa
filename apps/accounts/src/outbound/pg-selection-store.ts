import type { SelectionNote } from '@aisbf/contracts';
import { Injectable } from '@nestjs/common';
import { Pool } from 'pg';
import { SelectionStore } from '../services/selection-notes.js';
import { rowsOf } from './pg-rows.js';

@Injectable()
export class PgSelectionStore extends SelectionStore {
  constructor(private readonly pool: Pool) {
    super();
  }

  async keep(notes: readonly SelectionNote[]): Promise<void> {
    await rowsOf(
      this.pool,
      {
        name: 'keep_selections',
        text: `INSERT INTO request_selection (request_id, owner_id, selections)
               SELECT "requestId", "ownerId", selections
               FROM jsonb_to_recordset($1) AS n ("requestId" text, "ownerId" uuid, selections jsonb)
               ON CONFLICT (request_id) DO NOTHING`,
      },
      [JSON.stringify(notes)],
    );
  }

  async forget(keptMs: number, limit: number): Promise<number> {
    const { rowCount } = await this.pool.query(
      `DELETE FROM request_selection WHERE request_id IN (
         SELECT request_id FROM request_selection
         WHERE noted_at < clock_timestamp() - make_interval(secs => $1 / 1000.0)
         ORDER BY noted_at LIMIT $2)`,
      [keptMs, limit],
    );
    return rowCount ?? 0;
  }
}
