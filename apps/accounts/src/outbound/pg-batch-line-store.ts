import {
  type AddBatchLines,
  type BatchOutcomes,
  type CloseBatchLines,
  type LineOutcome,
  type LinePlace,
  type PostponeBatchLine,
  type ReadBatchOutcomes,
  subjects,
  type TakeBatchLines,
  type TakenBatchLines,
} from '@aisbf/contracts';
import { parseNanos } from '@aisbf/money';
import { Injectable } from '@nestjs/common';
import { Pool } from 'pg';
import { BatchLineStore, type LineRecord } from '../services/batch-line-store.js';
import type { Ending, SettleAnswer } from '../services/ledger-store.js';
import { SharedTerms, toSettleItem } from './pg-ledger-item.js';
import { resultOf, rowOf, rowsOf } from './pg-rows.js';

type HeldRow = { status: string; is_time_over: boolean; open_count: number };
type LineRow = {
  position: number;
  byte_offset: string;
  byte_length: number;
  tries: number;
  pauses: number;
  request_id: string;
};
type RecordRow = {
  is_recorded: boolean;
  settled: SettleAnswer['result'] | null;
  charged: string | null;
};

/** Outcomes in one answer, however small they are. */
const outcomesMax = 1_000;

const lost: TakenBatchLines = {
  ...{ isHeld: false, isCancelling: false, isTimeOver: false },
  ...{ lines: [], openCount: 0, nextInMs: null },
};

@Injectable()
export class PgBatchLineStore extends BatchLineStore {
  constructor(private readonly pool: Pool) {
    super();
  }

  async add({ lines, ...claim }: AddBatchLines): Promise<boolean> {
    if (!(await this.hold(claim))) return false;
    await rowsOf(
      this.pool,
      `INSERT INTO batch_line (batch_id, position, byte_offset, byte_length)
       SELECT $1, l.position, l.offset, l.length
       FROM jsonb_to_recordset($2) AS l (position integer, "offset" bigint, length integer)
       ON CONFLICT (batch_id, position) DO NOTHING`,
      [claim.batchId, JSON.stringify(lines)],
    );
    return true;
  }

  async take(request: TakeBatchLines): Promise<TakenBatchLines> {
    const { batchId, runnerId, limit, running, isClosing } = request;
    const held = await this.hold(request);
    if (!held) return lost;
    const rows =
      limit === 0
        ? []
        : await rowsOf<LineRow>(
            this.pool,
            {
              name: 'take_batch_lines',
              text: `SELECT position, byte_offset, byte_length, tries, pauses,
                       batch_request_id(batch_id, position, goes) AS request_id
                     FROM take_batch_lines($1, $2, $3, $4, $5, $6) ORDER BY position`,
            },
            [batchId, runnerId, limit, running, isClosing, subjects.usageSettled],
          );
    const isIdle = rows.length === 0 && running.length === 0;
    return {
      isHeld: true,
      isCancelling: held.status === 'cancelling',
      isTimeOver: held.is_time_over,
      lines: rows.map((row) => ({
        position: row.position,
        requestId: row.request_id,
        offset: Number(row.byte_offset),
        length: row.byte_length,
        tries: row.tries,
        pauses: row.pauses,
      })),
      openCount: held.open_count,
      nextInMs: isIdle ? await this.nextInMs(batchId) : null,
    };
  }

  async postpone(request: PostponeBatchLine): Promise<void> {
    const { batchId, requestId, position, delayMs, isTry } = request;
    await rowsOf(
      this.pool,
      `UPDATE batch_line SET tries = tries + $5::integer, pauses = pauses + 1, request_id = NULL,
         try_at = clock_timestamp() + $4 * interval '1 millisecond'
       WHERE batch_id = $1 AND position = $3 AND result IS NULL AND request_id = $2`,
      [batchId, requestId, position, delayMs, isTry ? 1 : 0],
    );
  }

  async record(
    { id, position }: LinePlace,
    { result, requestId, sealed }: LineOutcome & Readonly<{ sealed: Uint8Array }>,
    ending: Ending | undefined,
  ): Promise<LineRecord> {
    const settlement = ending && JSON.stringify(toSettleItem(ending, 0, new SharedTerms()));
    const row = await rowOf<RecordRow>(
      this.pool,
      {
        name: 'record_batch_line',
        text: 'SELECT * FROM record_batch_line($1, $2, $3, $4, $5, $6, $7)',
      },
      [id, position, requestId, result, sealed, settlement ?? null, subjects.usageSettled],
    );
    return {
      isRecorded: row.is_recorded,
      settled: row.settled
        ? { result: row.settled, charged: parseNanos(row.charged ?? '0') }
        : undefined,
    };
  }

  close({ batchId, runnerId, lines }: CloseBatchLines): Promise<boolean> {
    return resultOf<boolean>(this.pool, 'SELECT close_batch_lines($1, $2, $3) AS result', [
      ...[batchId, runnerId],
      JSON.stringify(lines),
    ]);
  }

  /** As many as fit into so many bytes, and one at least. */
  async outcomes(request: ReadBatchOutcomes): Promise<BatchOutcomes['outcomes'] | undefined> {
    if (!(await this.hold(request))) return undefined;
    const { batchId, result, after, bytesMax } = request;
    const rows = await rowsOf<{ position: number; outcome: Buffer }>(
      this.pool,
      `WITH next AS (
         SELECT position, octet_length(outcome) AS bytes FROM batch_line
         WHERE batch_id = $1 AND result = $2 AND position > $3 ORDER BY position LIMIT $5),
       counted AS (
         SELECT position, sum(bytes) OVER (ORDER BY position) AS total,
           row_number() OVER (ORDER BY position) AS n FROM next)
       SELECT position, outcome FROM counted JOIN batch_line l USING (position)
       WHERE l.batch_id = $1 AND (total <= $4 OR n = 1) ORDER BY position`,
      [batchId, result, after, bytesMax, outcomesMax],
    );
    return rows.map(({ position, outcome }) => ({
      position,
      outcome: outcome.toString('base64'),
    }));
  }

  /** Goes on with a claim that is still somebody's own. */
  private async hold({
    batchId,
    runnerId,
    claimMs,
  }: Readonly<{ batchId: string; runnerId: string; claimMs: number }>): Promise<
    HeldRow | undefined
  > {
    const [row] = await rowsOf<HeldRow>(
      this.pool,
      {
        name: 'hold_batch',
        text: `UPDATE batch SET claimed_until = clock_timestamp() + $3 * interval '1 millisecond'
               WHERE id = $1 AND claimed_by = $2 AND is_batch_unfinished(status)
               RETURNING status, expires_at <= clock_timestamp() AS is_time_over,
                 total - completed - failed AS open_count`,
      },
      [batchId, runnerId, claimMs],
    );
    return row;
  }

  private async nextInMs(batchId: string): Promise<number | null> {
    const waitMs = await resultOf<number | null>(
      this.pool,
      `SELECT ceil(extract(epoch FROM min(coalesce(try_at, clock_timestamp())) - clock_timestamp()) * 1000)::integer AS result
       FROM batch_line WHERE batch_id = $1 AND result IS NULL`,
      [batchId],
    );
    return waitMs === null ? null : Math.max(0, waitMs);
  }
}
