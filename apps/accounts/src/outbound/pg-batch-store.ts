import type {
  BatchWork,
  ClaimBatch,
  DueBatches,
  FinalizeBatch,
  OpenBatchFile,
  ReleaseBatch,
  StartBatch,
  StoredBatch,
} from '@aisbf/contracts';
import { Injectable } from '@nestjs/common';
import { Pool } from 'pg';
import { BatchStore, type NewBatch } from '../services/batch-store.js';
import { type BatchRow, batchColumns, fromBatchRow } from './pg-batch-row.js';
import { type FileRow, fileColumns, fromFileRow } from './pg-file-row.js';
import { resultOf, rowOf, rowsOf } from './pg-rows.js';

type ClaimedRow = BatchRow & {
  batch_key_id: string;
  batch_wrapped_key: Buffer;
  credentials: Buffer;
};

@Injectable()
export class PgBatchStore extends BatchStore {
  constructor(private readonly pool: Pool) {
    super();
  }

  open(batch: NewBatch, batchesMax: number) {
    const row = {
      ...{ id: batch.id, owner_id: batch.ownerId, endpoint: batch.endpoint },
      ...{ input_file_id: batch.inputFileId, metadata: batch.metadata },
      ...{ output_ttl_s: batch.outputTtlS, window_ms: batch.windowMs },
      ...{ key_id: batch.key.keyId, wrapped_key: batch.key.wrappedKey },
      credentials: batch.credentials,
    };
    return resultOf<'opened' | 'too_many' | 'file_missing'>(
      this.pool,
      'SELECT open_batch($1, $2) AS result',
      [JSON.stringify(row), batchesMax],
    );
  }

  async find(ownerId: string, batchId: string): Promise<StoredBatch | undefined> {
    const [row] = await rowsOf<BatchRow>(
      this.pool,
      `SELECT ${batchColumns} FROM batch WHERE id = $1 AND owner_id = $2`,
      [batchId, ownerId],
    );
    return row && fromBatchRow(row);
  }

  async list(
    ownerId: string,
    { limit, after }: Readonly<{ limit: number; after: string | null }>,
  ): Promise<readonly StoredBatch[] | undefined> {
    if (after !== null && !(await this.find(ownerId, after))) return undefined;
    const rows = await rowsOf<BatchRow>(
      this.pool,
      `SELECT ${batchColumns} FROM batch
       WHERE owner_id = $1
         AND ($2::text IS NULL OR (created_at, id) < (SELECT created_at, id FROM batch WHERE id = $2))
       ORDER BY created_at DESC, id DESC LIMIT $3`,
      [ownerId, after, limit],
    );
    return rows.map(fromBatchRow);
  }

  async cancel(ownerId: string, batchId: string): Promise<boolean> {
    const rows = await rowsOf(
      this.pool,
      `UPDATE batch SET status = 'cancelling', rest_until = NULL,
         cancelling_at = coalesce(cancelling_at, clock_timestamp())
       WHERE id = $1 AND owner_id = $2
         AND (status = 'validating' OR status = 'in_progress' OR status = 'cancelling')
       RETURNING id`,
      [batchId, ownerId],
    );
    return rows.length > 0;
  }

  async due(limit: number): Promise<DueBatches['batches']> {
    const rows = await rowsOf<{ id: string; claims: number }>(
      this.pool,
      `SELECT id, claims FROM (
         SELECT DISTINCT ON (owner_id) id, claims, served_at, created_at FROM batch b
         WHERE status IN ('validating', 'in_progress', 'finalizing', 'cancelling')
           AND (rest_until IS NULL OR rest_until <= clock_timestamp() OR expires_at <= clock_timestamp())
           AND NOT EXISTS (SELECT FROM batch other
             WHERE other.owner_id = b.owner_id AND other.claimed_until > clock_timestamp()
               AND other.status IN ('validating', 'in_progress', 'finalizing', 'cancelling'))
         ORDER BY owner_id, served_at NULLS FIRST, created_at) AS next
       ORDER BY served_at NULLS FIRST, created_at LIMIT $1`,
      [limit],
    );
    return rows.map(({ id, claims }) => ({ batchId: id, claims }));
  }

  async claim({ batchId, runnerId, claimMs }: ClaimBatch): Promise<BatchWork | undefined> {
    const isClaimed = await resultOf<boolean>(
      this.pool,
      'SELECT claim_batch($1, $2, $3) AS result',
      [batchId, runnerId, claimMs],
    );
    if (!isClaimed) return undefined;
    const row = await rowOf<ClaimedRow>(
      this.pool,
      `SELECT ${batchColumns}, key_id AS batch_key_id, wrapped_key AS batch_wrapped_key, credentials
       FROM batch WHERE id = $1 AND claimed_by = $2`,
      [batchId, runnerId],
    );
    // Nothing removes the file of a batch that is not over.
    const input = await rowOf<FileRow>(this.pool, `SELECT ${fileColumns} FROM file WHERE id = $1`, [
      row.input_file_id,
    ]);
    return {
      batch: fromBatchRow(row),
      input: fromFileRow(input),
      key: { keyId: row.batch_key_id, wrappedKey: row.batch_wrapped_key.toString('base64') },
      credentials: row.credentials.toString('base64'),
    };
  }

  async release({ batchId, runnerId, restMs }: ReleaseBatch): Promise<void> {
    await rowsOf(
      this.pool,
      `UPDATE batch SET claimed_until = NULL,
         rest_until = CASE WHEN status = 'in_progress' AND $3 > 0
           THEN clock_timestamp() + $3 * interval '1 millisecond' END
       WHERE id = $1 AND claimed_by = $2`,
      [batchId, runnerId, restMs],
    );
  }

  /** One that was cancelled meanwhile stays so. */
  async start({ batchId, runnerId, errors }: StartBatch): Promise<boolean> {
    const rows = await rowsOf(
      this.pool,
      errors
        ? `UPDATE batch SET status = 'failed', errors = $3, failed_at = clock_timestamp(), credentials = NULL,
             claimed_until = NULL
           WHERE id = $1 AND claimed_by = $2 AND status IN ('validating', 'cancelling') RETURNING id`
        : `UPDATE batch SET status = CASE status WHEN 'validating' THEN 'in_progress' ELSE status END,
             in_progress_at = CASE status WHEN 'validating' THEN clock_timestamp() END,
             total = (SELECT count(*) FROM batch_line WHERE batch_id = $1)
           WHERE id = $1 AND claimed_by = $2 AND status IN ('validating', 'cancelling') AND $3::jsonb IS NULL
           RETURNING id`,
      [batchId, runnerId, errors && JSON.stringify(errors)],
    );
    if (errors && rows.length > 0) {
      await rowsOf(this.pool, 'DELETE FROM batch_line WHERE batch_id = $1', [batchId]);
    }
    return rows.length > 0;
  }

  async finalize({ batchId, runnerId, ending, errors }: FinalizeBatch): Promise<boolean> {
    const rows = await rowsOf(
      this.pool,
      `UPDATE batch SET status = CASE WHEN $3 = 'cancelled' THEN status ELSE 'finalizing' END,
         finalizing_at = CASE WHEN $3 = 'cancelled' THEN NULL ELSE clock_timestamp() END,
         ending = $3, errors = $4
       WHERE id = $1 AND claimed_by = $2 AND status IN ('validating', 'in_progress', 'cancelling')
         AND completed + failed = total
       RETURNING id`,
      [batchId, runnerId, ending, errors && JSON.stringify(errors)],
    );
    return rows.length > 0;
  }

  openFile(file: OpenBatchFile, filename: string): Promise<boolean> {
    const { batchId, runnerId, fileId, key } = file;
    const row = { id: fileId, filename, key_id: key.keyId, wrapped_key: key.wrappedKey };
    return resultOf<boolean>(this.pool, 'SELECT open_batch_file($1, $2, $3) AS result', [
      ...[batchId, runnerId],
      JSON.stringify(row),
    ]);
  }

  end(
    { batchId, runnerId }: Readonly<{ batchId: string; runnerId: string }>,
    files: Readonly<{ outputFileId: string | null; errorFileId: string | null }>,
  ): Promise<boolean> {
    return resultOf<boolean>(this.pool, 'SELECT end_batch($1, $2, $3, $4) AS result', [
      ...[batchId, runnerId],
      ...[files.outputFileId, files.errorFileId],
    ]);
  }
}
