import { randomBytes } from 'node:crypto';
import {
  type AddBatchLines,
  type BatchLine,
  type BatchOutcomes,
  batchRequestId,
  type CloseBatchLines,
  type LineOutcome,
  type LinePlace,
  type PostponeBatchLine,
  type ReadBatchOutcomes,
  type TakeBatchLines,
  type TakenBatchLines,
} from '@aisbf/contracts';
import { Injectable } from '@nestjs/common';
import { Pool } from 'pg';
import { BatchLineStore } from '../services/batch-line-store.js';
import { resultOf, rowsOf } from './pg-rows.js';

type HeldRow = { status: string; is_time_over: boolean; open_count: number; unpaid_count: number };
type LineRow = {
  position: number;
  request_id: string;
  byte_offset: string;
  byte_length: number;
  tries: number;
  pauses: number;
};

/** Outcomes in one answer, however small they are. */
const outcomesMax = 1_000;

const lost: TakenBatchLines = {
  ...{ isHeld: false, isCancelling: false, isTimeOver: false },
  ...{ lines: [], openCount: 0, unpaidCount: 0, nextInMs: null },
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

  async left(
    { batchId, runnerId, claimMs, running }: TakeBatchLines,
    patienceMs: number,
  ): Promise<readonly string[] | undefined> {
    const requestIds = await resultOf<string[] | null>(
      this.pool,
      {
        name: 'left_batch_requests',
        text: `SELECT left_batch_requests($1, $2, $3 * interval '1 millisecond', $4,
                 $5 * interval '1 millisecond') AS result`,
      },
      [batchId, runnerId, claimMs, running, patienceMs],
    );
    return requestIds ?? undefined;
  }

  async take(request: TakeBatchLines): Promise<TakenBatchLines> {
    const { batchId, limit, running, isClosing } = request;
    await rowsOf(
      this.pool,
      { name: 'end_batch_requests', text: 'SELECT end_batch_requests($1, $2)' },
      [batchId, running],
    );
    const held = await this.hold(request);
    if (!held) return lost;
    const unique = Array.from({ length: limit }, () => randomBytes(6).toString('hex'));
    const rows = await rowsOf<LineRow>(
      this.pool,
      {
        name: 'take_batch_lines',
        text: `WITH next AS (
                 SELECT position, row_number() OVER (ORDER BY position) AS n FROM batch_line
                 WHERE batch_id = $1 AND result IS NULL AND request_id IS NULL AND position <> ALL ($2)
                   AND ($4 OR try_at IS NULL OR try_at <= clock_timestamp())
                 ORDER BY position LIMIT $3)
               UPDATE batch_line l SET request_id = ($5::text[])[next.n] FROM next
               WHERE l.batch_id = $1 AND l.position = next.position
               RETURNING l.position, request_id, byte_offset, byte_length, tries, pauses`,
      },
      [batchId, running, limit, isClosing, unique.map((one) => batchRequestId(batchId, one))],
    );
    return {
      isHeld: true,
      isCancelling: held.status === 'cancelling',
      isTimeOver: held.is_time_over,
      lines: rows.toSorted((one, other) => one.position - other.position).map(toLine),
      openCount: held.open_count,
      unpaidCount: held.unpaid_count,
      nextInMs: rows.length > 0 ? null : await this.nextInMs(batchId, running),
    };
  }

  async postpone(request: PostponeBatchLine): Promise<void> {
    const { batchId, runnerId, position, requestId, delayMs, isTry } = request;
    await rowsOf(
      this.pool,
      `UPDATE batch_line SET tries = tries + $5::integer, pauses = pauses + 1,
         request_id = NULL, outcome = NULL, kept_at = NULL, try_at = clock_timestamp() + $4 * interval '1 millisecond'
       WHERE batch_id = $1 AND position = $3 AND result IS NULL AND request_id = $6
         AND EXISTS (SELECT FROM batch WHERE id = $1 AND claimed_by = $2)`,
      [batchId, runnerId, position, delayMs, isTry ? 1 : 0, requestId],
    );
  }

  record(
    { id, position }: LinePlace,
    { result, requestId }: LineOutcome,
    sealed: Uint8Array,
  ): Promise<boolean> {
    return resultOf<boolean>(
      this.pool,
      {
        name: 'record_batch_line',
        text: 'SELECT record_batch_line($1, $2, $3, $4, $5) AS result',
      },
      [id, position, result, requestId, sealed],
    );
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
                 total - completed - failed AS open_count,
                 (SELECT count(*)::integer FROM batch_line
                  WHERE batch_id = $1 AND result IS NULL AND kept_at IS NOT NULL) AS unpaid_count`,
      },
      [batchId, runnerId, claimMs],
    );
    return row;
  }

  private async nextInMs(batchId: string, running: readonly number[]): Promise<number | null> {
    const waitMs = await resultOf<number | null>(
      this.pool,
      `SELECT ceil(extract(epoch FROM min(coalesce(try_at, clock_timestamp())) - clock_timestamp()) * 1000)::integer AS result
       FROM batch_line WHERE batch_id = $1 AND result IS NULL AND kept_at IS NULL AND position <> ALL ($2)`,
      [batchId, running],
    );
    return waitMs === null ? null : Math.max(0, waitMs);
  }
}

function toLine(row: LineRow): BatchLine {
  return {
    position: row.position,
    requestId: row.request_id,
    offset: Number(row.byte_offset),
    length: row.byte_length,
    tries: row.tries,
    pauses: row.pauses,
  };
}
