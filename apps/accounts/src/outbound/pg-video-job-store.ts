import type { KnownVideoJob, Units, VideoJob, VideoState } from '@aisbf/contracts';
import { Injectable } from '@nestjs/common';
import { Pool } from 'pg';
import { type VideoJobPage, VideoJobStore } from '../services/video-jobs.js';
import { resultOf, rowsOf } from './pg-rows.js';

type JobRow = {
  id: string;
  request_id: string;
  hold_epoch: number;
  served_position: number;
  provider_id: string;
  client_id: string | null;
  model: string;
  upstream_id: string;
  route: string;
  units: Units;
  seconds: number;
  size: string | null;
  remixed_from: string | null;
  state: VideoState;
  created_at: Date;
  resolved_at: Date | null;
};

@Injectable()
export class PgVideoJobStore extends VideoJobStore {
  constructor(private readonly pool: Pool) {
    super();
  }

  async open(job: VideoJob, expiresAtMs: number): Promise<boolean> {
    const row = {
      id: job.id,
      request_id: job.requestId,
      hold_epoch: job.holdEpoch,
      served_position: job.servedPosition,
      provider_id: job.providerId,
      client_id: job.clientId,
      model: job.model,
      upstream_id: job.upstreamId,
      route: job.route,
      units: job.units,
      seconds: job.seconds,
      size: job.size,
      remixed_from: job.remixedFrom,
    };
    const result = await resultOf<string>(this.pool, 'SELECT open_video_job($1, $2) AS result', [
      JSON.stringify(row),
      new Date(expiresAtMs),
    ]);
    return result === 'open';
  }

  async find(ownerId: string, id: string): Promise<KnownVideoJob | undefined> {
    const rows = await rowsOf<JobRow>(
      this.pool,
      'SELECT * FROM known_video_job WHERE id = $2 AND owner_id = $1 AND deleted_at IS NULL',
      [ownerId, id],
    );
    return rows[0] && fromJobRow(rows[0]);
  }

  async list(ownerId: string, { after, limit, order }: VideoJobPage): Promise<KnownVideoJob[]> {
    const beyond = order === 'asc' ? '>' : '<';
    const rows = await rowsOf<JobRow>(
      this.pool,
      `SELECT * FROM known_video_job
       WHERE owner_id = $1 AND deleted_at IS NULL AND ($2::text IS NULL OR (created_at, id) ${beyond} (
         SELECT a.created_at, a.id FROM video_job a WHERE a.id = $2 AND a.owner_id = $1))
       ORDER BY created_at ${order}, id ${order} LIMIT $3`,
      [ownerId, after, limit + 1],
    );
    return rows.map(fromJobRow);
  }

  async takeDue(limit: number, againInMs: number): Promise<KnownVideoJob[]> {
    const rows = await rowsOf<JobRow>(
      this.pool,
      `SELECT j.* FROM take_due_video_jobs($1, $2 * interval '1 millisecond') AS due (id)
       JOIN known_video_job j ON j.id = due.id WHERE j.state = 'running'`,
      [limit, againInMs],
    );
    return rows.map(fromJobRow);
  }

  async remove(id: string): Promise<void> {
    await rowsOf(
      this.pool,
      'UPDATE video_job SET deleted_at = clock_timestamp() WHERE id = $1 AND deleted_at IS NULL',
      [id],
    );
  }
}

function fromJobRow(row: JobRow): KnownVideoJob {
  return {
    id: row.id,
    requestId: row.request_id,
    holdEpoch: row.hold_epoch,
    servedPosition: row.served_position,
    providerId: row.provider_id,
    clientId: row.client_id,
    model: row.model,
    upstreamId: row.upstream_id,
    route: row.route,
    units: row.units,
    seconds: row.seconds,
    size: row.size,
    remixedFrom: row.remixed_from,
    state: row.state,
    createdAtMs: row.created_at.getTime(),
    endedAtMs: row.resolved_at?.getTime() ?? null,
  };
}
