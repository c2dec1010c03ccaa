import type { StoredFile } from '@aisbf/contracts';
import { Injectable } from '@nestjs/common';
import { Pool } from 'pg';
import { type FileQuery, type FileQuota, FileStore, type NewFile } from '../services/file-store.js';
import { type FileRow, fileColumns, fromFileRow } from './pg-file-row.js';
import { resultOf, rowsOf } from './pg-rows.js';

const isThere = `state = 'ready' AND expires_at > clock_timestamp()`;
/** No batch that is not over needs it. */
const isUnread = `NOT EXISTS (SELECT FROM batch WHERE input_file_id = file.id
  AND status IN ('validating', 'in_progress', 'finalizing', 'cancelling'))`;

@Injectable()
export class PgFileStore extends FileStore {
  constructor(private readonly pool: Pool) {
    super();
  }

  open(file: NewFile, { filesMax, bytesMax }: FileQuota) {
    const { id, ownerId, purpose, filename, bytes, key, ttlS } = file;
    const row = {
      ...{ id, owner_id: ownerId, purpose, filename, bytes, ttl_s: ttlS },
      ...{ key_id: key.keyId, wrapped_key: key.wrappedKey },
    };
    return resultOf<'opened' | 'too_many' | 'too_much'>(
      this.pool,
      { name: 'open_file', text: 'SELECT open_file($1, $2, $3) AS result' },
      [JSON.stringify(row), filesMax, bytesMax],
    );
  }

  async putChunk(fileId: string, position: number, bytes: Uint8Array): Promise<boolean> {
    const rows = await rowsOf(
      this.pool,
      {
        name: 'put_file_chunk',
        text: `INSERT INTO file_chunk (file_id, position, bytes)
               SELECT id, $2, $3 FROM file WHERE id = $1 AND state = 'uploading' FOR KEY SHARE
               ON CONFLICT (file_id, position) DO UPDATE SET bytes = excluded.bytes
               RETURNING position`,
      },
      [fileId, position, bytes],
    );
    return rows.length > 0;
  }

  async finish(
    fileId: string,
    { bytes, chunks }: Readonly<{ bytes: number; chunks: number }>,
  ): Promise<StoredFile | undefined> {
    const [row] = await rowsOf<FileRow>(
      this.pool,
      `UPDATE file SET state = 'ready', bytes = $3
       WHERE id = $1 AND (state = 'ready' OR purpose = 'batch_output' OR bytes = $3)
         AND (SELECT count(*) FROM file_chunk WHERE file_id = $1 AND position < $2) = $2
       RETURNING ${fileColumns}`,
      [fileId, chunks, bytes],
    );
    return row && fromFileRow(row);
  }

  async find(ownerId: string, fileId: string): Promise<StoredFile | undefined> {
    const [row] = await rowsOf<FileRow>(
      this.pool,
      `SELECT ${fileColumns} FROM file WHERE id = $1 AND owner_id = $2 AND ${isThere}`,
      [fileId, ownerId],
    );
    return row && fromFileRow(row);
  }

  async list(
    ownerId: string,
    { limit, after, order, purpose }: FileQuery,
  ): Promise<readonly StoredFile[] | undefined> {
    if (after !== null && !(await this.find(ownerId, after))) return undefined;
    const [way, sign] = order === 'asc' ? ['ASC', '>'] : ['DESC', '<'];
    const rows = await rowsOf<FileRow>(
      this.pool,
      `SELECT ${fileColumns} FROM file
       WHERE owner_id = $1 AND ${isThere} AND ($2::text IS NULL OR purpose = $2)
         AND ($3::text IS NULL OR (created_at, id) ${sign} (SELECT created_at, id FROM file WHERE id = $3))
       ORDER BY created_at ${way}, id ${way} LIMIT $4`,
      [ownerId, purpose, after, limit],
    );
    return rows.map(fromFileRow);
  }

  async chunk(fileId: string, position: number): Promise<Uint8Array | undefined> {
    const [row] = await rowsOf<{ bytes: Buffer }>(
      this.pool,
      {
        name: 'file_chunk',
        text: 'SELECT bytes FROM file_chunk WHERE file_id = $1 AND position = $2',
      },
      [fileId, position],
    );
    return row?.bytes;
  }

  async delete(ownerId: string, fileId: string): Promise<'deleted' | 'missing' | 'in_use'> {
    const rows = await rowsOf(
      this.pool,
      `DELETE FROM file WHERE id = $1 AND owner_id = $2 AND ${isThere} AND ${isUnread} RETURNING id`,
      [fileId, ownerId],
    );
    if (rows.length > 0) return 'deleted';
    return (await this.find(ownerId, fileId)) ? 'in_use' : 'missing';
  }

  async purge(limit: number, uploadMsMax: number): Promise<number> {
    const rows = await rowsOf(
      this.pool,
      `DELETE FROM file WHERE id IN (
         SELECT id FROM file
         WHERE (expires_at <= clock_timestamp() AND ${isUnread})
           OR (state = 'uploading' AND created_at <= clock_timestamp() - $2 * interval '1 millisecond')
         LIMIT $1 FOR UPDATE SKIP LOCKED) RETURNING id`,
      [limit, uploadMsMax],
    );
    return rows.length;
  }
}
