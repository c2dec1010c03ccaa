import type { ListReconciliations, Reconciliation } from '@aisbf/contracts';
import { Injectable } from '@nestjs/common';
import type {
  Counts,
  Finding,
  Outcome,
  ReconciliationJob,
  Window,
} from '../domain/reconciliation.js';
import { type LatestRun, ReconciliationStore } from '../services/reconciliations.js';
import { ChecksDatabase } from './checks-database.js';

type RunRow = Readonly<{
  id: string;
  job: ReconciliationJob;
  window_start: Date;
  window_end: Date;
  is_repeat: boolean;
  began_at: Date;
  ended_at: Date | null;
  counts: Counts | null;
  violations: number | null;
  findings: readonly Finding[];
}>;

const findings = `coalesce((
  SELECT jsonb_agg(jsonb_build_object('violation', f.violation, 'subject', f.subject, 'detail', f.detail) ORDER BY f.n)
  FROM reconciliation_finding f WHERE f.reconciliation_id = r.id), '[]') AS findings`;

/** In a unique index a window has one end. */
const uniqueViolation = '23505';

@Injectable()
export class PgReconciliationStore extends ReconciliationStore {
  constructor(private readonly database: ChecksDatabase) {
    super();
  }

  alone<Result>(job: ReconciliationJob, work: () => Promise<Result>): Promise<Result | undefined> {
    return this.database.alone(job, work);
  }

  async progress(job: ReconciliationJob): Promise<Readonly<{ now: Date; lastEnd?: Date }>> {
    const [row] = await this.database.rows<{ now: Date; last_end: Date | null }>(
      `SELECT clock_timestamp() AS now, (
         SELECT max(window_end) FROM reconciliation
         WHERE job = $1 AND ended_at IS NOT NULL AND NOT is_repeat) AS last_end`,
      [job],
    );
    if (!row) throw new Error('a database that tells no time');
    return { now: row.now, ...(row.last_end && { lastEnd: row.last_end }) };
  }

  async begin(job: ReconciliationJob, { from, to }: Window, isRepeat: boolean): Promise<string> {
    const [row] = await this.database.rows<{ id: string }>(
      `INSERT INTO reconciliation (job, window_start, window_end, is_repeat) VALUES ($1, $2, $3, $4) RETURNING id`,
      [job, from, to, isRepeat],
    );
    if (!row) throw new Error(`the run of ${job} was not written down`);
    return row.id;
  }

  async end(id: string, { counts, findings: found }: Outcome): Promise<boolean> {
    try {
      await this.database.inTransaction(async (client) => {
        await client.query(
          `INSERT INTO reconciliation_finding (reconciliation_id, n, violation, subject, detail)
           SELECT $1, f.n, f.finding ->> 'violation', f.finding ->> 'subject', f.finding ->> 'detail'
           FROM jsonb_array_elements($2::jsonb) WITH ORDINALITY AS f (finding, n)`,
          [id, JSON.stringify(found)],
        );
        await client.query(
          `UPDATE reconciliation SET ended_at = clock_timestamp(), counts = $2, violations = $3 WHERE id = $1`,
          [id, JSON.stringify(counts), found.length],
        );
      });
      return true;
    } catch (error) {
      if ((error as { code?: string }).code === uniqueViolation) return false;
      throw error;
    }
  }

  async latest(): Promise<readonly LatestRun[]> {
    const rows = await this.database.rows<{
      job: ReconciliationJob;
      ended_at: Date;
      findings: readonly Finding[];
    }>(
      `SELECT j.job, r.ended_at, ${findings}
       FROM unnest(ARRAY['minute', 'hour', 'day']) AS j (job)
       CROSS JOIN LATERAL (
         SELECT id, ended_at FROM reconciliation
         WHERE job = j.job AND ended_at IS NOT NULL ORDER BY window_end DESC, id DESC LIMIT 1) r`,
    );
    return rows.map(({ job, ended_at, findings: found }) => ({
      job,
      endedAt: ended_at,
      findings: found,
    }));
  }

  async list({ job, before, limit }: ListReconciliations): Promise<readonly Reconciliation[]> {
    const rows = await this.database.rows<RunRow>(
      `SELECT r.*, ${findings} FROM reconciliation r
       WHERE ($1::text IS NULL OR r.job = $1) AND ($2::bigint IS NULL OR r.id < $2) ORDER BY r.id DESC LIMIT $3`,
      [job ?? null, before ?? null, limit],
    );
    return rows.map(fromRunRow);
  }
}

function fromRunRow(row: RunRow): Reconciliation {
  return {
    id: row.id,
    job: row.job,
    from: row.window_start.toISOString(),
    to: row.window_end.toISOString(),
    isRepeat: row.is_repeat,
    beganAt: row.began_at.toISOString(),
    endedAt: row.ended_at?.toISOString() ?? null,
    counts: { ...row.counts },
    violations: row.violations,
    findings: [...row.findings],
  };
}
