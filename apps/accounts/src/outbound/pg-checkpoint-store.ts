import assert from 'node:assert';
import type { CheckpointResult, Terms } from '@aisbf/contracts';
import { Injectable } from '@nestjs/common';
import { Pool } from 'pg';
import type { HeldTerms } from '../domain/charge.js';
import { CheckpointStore, type HeldEvidence } from '../services/checkpoints.js';
import { toLeasedItem } from './pg-ledger-item.js';
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
    const results: CheckpointResult[] = [];
    const items = all.map((one, n) => ({ ...toCheckpointItem(one, n), ...toLeasedPart(one) }));
    const isLeased = (item: object) => 'lease_id' in item;
    const held = items.filter((item) => !isLeased(item));
    const rows = [
      ...(await this.keepBy('keep_checkpoints', held)),
      ...(await this.keepBy('keep_leased_checkpoints', items.filter(isLeased))),
    ];
    for (const { item_n, result } of rows) results[item_n] = result;
    assert(rows.length === all.length, 'each checkpoint has an answer');
    return results;
  }

  private async keepBy(
    name: 'keep_checkpoints' | 'keep_leased_checkpoints',
    items: readonly object[],
  ): Promise<readonly KeptRow[]> {
    if (items.length === 0) return [];
    const text = `SELECT * FROM ${name}($1)`;
    return rowsOf<KeptRow>(this.pool, { name, text }, [JSON.stringify(items)]);
  }
}

type OfHold = Pick<HeldEvidence, 'requestId' | 'holdEpoch' | 'evidence'>;

/** One checkpoint among those that `keep_checkpoints` is called with; `n` is its place. */
export function toCheckpointItem({ requestId, holdEpoch, evidence }: OfHold, n: number) {
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

/** What `keep_leased_checkpoints` wants besides: the lease, and what a hold would say. */
function toLeasedPart({ leased, holdEpoch }: HeldEvidence) {
  if (!leased) return {};
  const { lease_id, amount, created_at_ms, ...held } = toLeasedItem(leased);
  const created_at = new Date(created_at_ms).toISOString();
  return { lease_id, amount, held: { ...held, epoch: holdEpoch, created_at } };
}
