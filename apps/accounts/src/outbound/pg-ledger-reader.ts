import {
  type Attempt,
  batchIdBeginning,
  type Rejection,
  type ReportedUsage,
  type SelectionRecord,
  type Terms,
  type Units,
} from '@aisbf/contracts';
import { Injectable } from '@nestjs/common';
import { Pool } from 'pg';
import type { ReceiptRecord } from '../domain/receipt.js';
import { LedgerReader, type WalletState } from '../services/ledger-store.js';
import { fromBigintColumn, rowsOf } from './pg-rows.js';

export type ReceiptRow = {
  id: string;
  state: ReceiptRecord['state'];
  outcome: ReceiptRecord['outcome'];
  route: string;
  is_stream: boolean;
  created_at: Date;
  resolved_at: Date | null;
  started_at: Date | null;
  first_byte_at: Date | null;
  ended_at: Date | null;
  served_position: number | null;
  units: Units;
  delivered: Units | null;
  reported: ReportedUsage | null;
  finish_reason: string | null;
  amount: string;
  captured: string;
  refunded: string;
  terms: Terms[];
  rejections: Rejection[];
  attempts: Attempt[];
  selections?: SelectionRecord[] | null;
};

export const receiptColumns = `id, state, outcome, route, is_stream, created_at, resolved_at, started_at,
  first_byte_at, ended_at, served_position, units, delivered, reported, finish_reason, amount, captured,
  refunded_of_request(id) AS refunded, terms, rejections, attempts`;
/** A request that runs, in the same columns. */
export const runningColumns = `id, 'open' AS state, NULL AS outcome, route, is_stream, created_at, NULL AS resolved_at,
  NULL AS started_at, NULL AS first_byte_at, NULL AS ended_at, NULL AS served_position, '{}' AS units, NULL AS delivered, NULL AS reported,
  NULL AS finish_reason, amount, 0 AS captured, 0 AS refunded, terms, rejections, '[]' AS attempts`;

/** Reads the ledger; moves nothing. */
@Injectable()
export class PgLedgerReader extends LedgerReader {
  constructor(private readonly pool: Pool) {
    super();
  }

  async wallet(ownerId: string): Promise<WalletState> {
    const rows = await rowsOf<Record<keyof WalletState, string>>(
      this.pool,
      `SELECT w.posted, w.promo, w.held, b.balance AS earned, debt_of(w.owner_id) AS owed
       FROM wallet w JOIN ledger_balance b ON b.owner_id = w.owner_id AND b.kind = 'seller_payable'
       WHERE w.owner_id = $1`,
      [ownerId],
    );
    const row = rows[0];
    if (!row) throw new Error(`owner ${ownerId} has no wallet`);
    return {
      posted: fromBigintColumn(row.posted),
      promo: fromBigintColumn(row.promo),
      held: fromBigintColumn(row.held),
      earned: fromBigintColumn(row.earned),
      owed: fromBigintColumn(row.owed),
    };
  }

  async receipt(ownerId: string, requestId: string): Promise<ReceiptRecord | undefined> {
    const rows = await rowsOf<ReceiptRow>(
      this.pool,
      `SELECT r.*, (SELECT selections FROM request_selection s WHERE s.request_id = r.id AND s.owner_id = $1)
       FROM (SELECT ${receiptColumns} FROM receipt WHERE state <> 'declined' AND owner_id = $1 AND id = $2
             UNION ALL SELECT ${runningColumns} FROM hold WHERE owner_id = $1 AND id = $2 LIMIT 1) r`,
      [ownerId, requestId],
    );
    const [row] = rows;
    return row && { ...fromReceiptRow(row), batchId: await this.batchOf(ownerId, requestId) };
  }

  /** By the id alone: the ledger does not know of batches. */
  private async batchOf(ownerId: string, requestId: string): Promise<string | null> {
    const [row] = await rowsOf<{ id: string }>(
      this.pool,
      {
        name: 'batch_of_request',
        text: 'SELECT id FROM batch WHERE owner_id = $1 AND left(id, 26) = $2',
      },
      [ownerId, batchIdBeginning(requestId)],
    );
    return row?.id ?? null;
  }
}

export function fromReceiptRow(row: ReceiptRow): ReceiptRecord {
  return {
    id: row.id,
    state: row.state,
    outcome: row.outcome,
    route: row.route,
    isStream: row.is_stream,
    createdAt: row.created_at,
    resolvedAt: row.resolved_at,
    startedAt: row.started_at,
    firstByteAt: row.first_byte_at,
    endedAt: row.ended_at,
    servedPosition: row.served_position,
    units: row.units,
    delivered: row.delivered,
    reported: row.reported,
    finishReason: row.finish_reason,
    amount: fromBigintColumn(row.amount),
    captured: fromBigintColumn(row.captured),
    refunded: fromBigintColumn(row.refunded),
    terms: row.terms,
    rejections: row.rejections,
    attempts: row.attempts,
    selections: row.selections ?? undefined,
  };
}
