import type { CheckpointResult, Terms } from '@aisbf/contracts';
import { Injectable } from '@nestjs/common';
import { Pool } from 'pg';
import type { HeldTerms } from '../domain/charge.js';
import { CheckpointStore, type HeldEvidence } from '../services/checkpoints.js';
import { rowsOf } from './pg-rows.js';

type TermsRow = { id: string; owner_id: string; terms: Terms[] };
type KeptRow = { item_n: number; result: CheckpointResult };

@Injectable()
export class PgCheckpointStore extends CheckpointStore {
  constructor(private readonly pool: Pool) {
    super();
  }

  async heldTerms(requestIds: readonly string[]): Promise<ReadonlyMap<string, HeldTerms>> {
    const rows = await rowsOf<TermsRow>(
      this.pool,
      {
        name: 'terms_of_running',
        text: 'SELECT id, owner_id, terms FROM hold WHERE id = ANY ($1)',
      },
      [requestIds],
    );
    return new Map(rows.map(({ id, owner_id, terms }) => [id, { ownerId: owner_id, terms }]));
  }

  async keep(all: readonly HeldEvidence[]): Promise<readonly CheckpointResult[]> {
    const items = all.map((one, n) => toCheckpointItem(one, n));
    const rows = await rowsOf<KeptRow>(
      this.pool,
      { name: 'keep_checkpoints', text: 'SELECT * FROM keep_checkpoints($1)' },
      [JSON.stringify(items)],
    );
    const byNumber = new Map(rows.map(({ item_n, result }) => [item_n, result]));
    return all.map((_, n) => {
      const result = byNumber.get(n);
      if (!result) throw new Error('keep_checkpoints gave no row for one of its items');
      return result;
    });
  }
}

/** One checkpoint among those that `keep_checkpoints` is called with; `n` is its place. */
export function toCheckpointItem({ requestId, holdEpoch, evidence }: HeldEvidence, n: number) {
  return {
    n,
    id: requestId,
    epoch: holdEpoch,
    checkpoint: {
      ordinal: evidence.ordinal,
      served_position: evidence.servedPosition,
      finished: evidence.finished,
      delivered: evidence.delivered,
      finished_cost: evidence.finishedCost.toString(),
      delivered_cost: evidence.deliveredCost.toString(),
      fee_bps: evidence.feeBps,
    },
  };
}
