import type { Rejection, Terms } from '@aisbf/contracts';
import { nanos } from '@aisbf/money';
import { Injectable } from '@nestjs/common';
import { Pool } from 'pg';
import type { AttemptRecord, HoldRecord } from '../domain/receipt.js';
import { LedgerReader, type Violation, type WalletState } from '../services/ledger-store.js';
import { fromBigintColumn } from './pg-ledger-store.js';
import { withRetry } from './pg-retry.js';

type HoldRow = {
  id: string;
  state: HoldRecord['state'];
  outcome: HoldRecord['outcome'];
  route: string;
  is_stream: boolean;
  created_at: Date;
  resolved_at: Date | null;
  started_at: Date | null;
  first_byte_at: Date | null;
  ended_at: Date | null;
  served_position: number | null;
  prompt_tokens: string;
  completion_tokens: string;
  reported_prompt_tokens: string | null;
  reported_completion_tokens: string | null;
  finish_reason: string | null;
  amount: string;
  captured: string;
  terms: Terms[];
  rejections: Rejection[];
  attempts: AttemptJson[];
};

type AttemptJson = {
  position: number;
  session_id: string | null;
  started_at: string;
  first_byte_at: string | null;
  ended_at: string;
  result: string;
  reason: string | null;
  http_status: number | null;
};

const selectHold = `
  SELECT h.*, coalesce((
    SELECT jsonb_agg(to_jsonb(a) ORDER BY a.n) FROM attempt a WHERE a.hold_id = h.id
  ), '[]') AS attempts
  FROM hold h`;

/** Reads the ledger; moves nothing. */
@Injectable()
export class PgLedgerReader extends LedgerReader {
  constructor(private readonly pool: Pool) {
    super();
  }

  async wallet(ownerId: string): Promise<WalletState> {
    const rows = await this.rows<{ posted: string; held: string; earned: string }>(
      `SELECT w.posted, w.held, b.balance AS earned
       FROM wallet w JOIN ledger_balance b ON b.owner_id = w.owner_id AND b.kind = 'seller_payable'
       WHERE w.owner_id = $1`,
      [ownerId],
    );
    const row = rows[0];
    if (!row) throw new Error(`owner ${ownerId} has no wallet`);
    return {
      posted: fromBigintColumn(row.posted),
      held: fromBigintColumn(row.held),
      earned: fromBigintColumn(row.earned),
    };
  }

  async receipt(ownerId: string, requestId: string): Promise<HoldRecord | undefined> {
    const rows = await this.rows<HoldRow>(
      `${selectHold} WHERE h.id = $1 AND h.owner_id = $2 AND h.state <> 'declined'`,
      [requestId, ownerId],
    );
    return rows[0] && fromHoldRow(rows[0]);
  }

  async receipts(ownerId: string, before: Date, limit: number): Promise<readonly HoldRecord[]> {
    const rows = await this.rows<HoldRow>(
      `${selectHold} WHERE h.owner_id = $1 AND h.created_at < $2 AND h.state <> 'declined'
       ORDER BY h.created_at DESC LIMIT $3`,
      [ownerId, before, limit],
    );
    return rows.map(fromHoldRow);
  }

  async violations(): Promise<readonly Violation[]> {
    return this.rows<Violation>('SELECT * FROM ledger_violations LIMIT 1000');
  }

  private async rows<Row extends object>(text: string, values: unknown[] = []): Promise<Row[]> {
    return (await withRetry(() => this.pool.query<Row>(text, values))).rows;
  }
}

function fromHoldRow(row: HoldRow): HoldRecord {
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
    promptTokens: Number(row.prompt_tokens),
    completionTokens: Number(row.completion_tokens),
    reportedPromptTokens: numberOrNull(row.reported_prompt_tokens),
    reportedCompletionTokens: numberOrNull(row.reported_completion_tokens),
    finishReason: row.finish_reason,
    amount: nanos(BigInt(row.amount)),
    captured: nanos(BigInt(row.captured)),
    terms: row.terms,
    rejections: row.rejections,
    attempts: row.attempts.map(fromAttemptJson),
  };
}

function fromAttemptJson(json: AttemptJson): AttemptRecord {
  return {
    position: json.position,
    sessionId: json.session_id,
    startedAt: new Date(json.started_at),
    firstByteAt: json.first_byte_at === null ? null : new Date(json.first_byte_at),
    endedAt: new Date(json.ended_at),
    result: json.result,
    reason: json.reason,
    httpStatus: json.http_status,
  };
}

function numberOrNull(text: string | null): number | null {
  return text === null ? null : Number(text);
}
