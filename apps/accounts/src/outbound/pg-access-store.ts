import type { AccessChange, AccessRenewed } from '@aisbf/contracts';
import { Injectable } from '@nestjs/common';
import { Pool } from 'pg';
import { AccessStore } from '../services/revocations.js';
import { withRetry } from './pg-retry.js';

/** As many as one answer holds; whoever is further behind forgets everything. */
const changesMax = 1_000;

type Latest = { latest: string; is_complete: boolean; changes: AccessChange[] | null };

@Injectable()
export class PgAccessStore extends AccessStore {
  constructor(private readonly pool: Pool) {
    super();
  }

  async renew(verifierId: string, revision: number | null): Promise<AccessRenewed> {
    await this.note(verifierId, revision ?? 0);
    const since = revision ?? 0;
    const { rows } = await withRetry(() =>
      this.pool.query<Latest>({
        name: 'access_since',
        // One statement, so one moment: the changes are those up to the revision that is told with them.
        text: `SELECT coalesce(max(revision), 0)::text AS latest,
                 $1 = 0 OR bool_or(revision = $1) AS is_complete,
                 (SELECT json_agg(json_build_object('revision', n.revision, 'subject', n.subject) ORDER BY n.revision)
                  FROM (SELECT revision, subject FROM access_change WHERE revision > $1
                        ORDER BY revision LIMIT $2) n) AS changes
               FROM access_change`,
        values: [since, changesMax + 1],
      }),
    );
    const [row] = rows;
    const changes = row?.changes ?? [];
    const isComplete =
      revision !== null && row?.is_complete === true && changes.length <= changesMax;
    return { revision: Number(row?.latest ?? 0), changes: isComplete ? changes : [], isComplete };
  }

  async leave(verifierId: string): Promise<void> {
    await withRetry(() =>
      this.pool.query('DELETE FROM access_verifier WHERE id = $1', [verifierId]),
    );
  }

  async latestRevision(): Promise<number> {
    const { rows } = await withRetry(() =>
      this.pool.query<{ latest: string }>(
        'SELECT coalesce(max(revision), 0)::text AS latest FROM access_change',
      ),
    );
    return Number(rows[0]?.latest ?? 0);
  }

  async behind(revision: number, leaseMs: number): Promise<readonly string[]> {
    const { rows } = await withRetry(() =>
      this.pool.query<{ id: string }>({
        name: 'access_behind',
        text: `SELECT id FROM access_verifier WHERE revision < $1
                 AND renewed_at > clock_timestamp() - make_interval(secs => $2 / 1000.0)
               ORDER BY id`,
        values: [revision, leaseMs],
      }),
    );
    return rows.map(({ id }) => id);
  }

  /** The latest change stays whatever its age: it is how those who serve it are known to miss nothing. */
  async prune(keptMs: number): Promise<void> {
    await this.pool.query(
      `DELETE FROM access_change WHERE at < clock_timestamp() - make_interval(secs => $1 / 1000.0)
         AND revision < (SELECT max(revision) FROM access_change)`,
      [keptMs],
    );
    await this.pool.query(
      `DELETE FROM access_verifier
       WHERE renewed_at < clock_timestamp() - make_interval(secs => $1 / 1000.0)`,
      [keptMs],
    );
    await this.pool.query('DELETE FROM auth_attempt WHERE window_ends_at < clock_timestamp()');
    await this.pool.query('DELETE FROM auth_verification WHERE expires_at < clock_timestamp()');
    await this.pool.query('DELETE FROM auth_session WHERE expires_at < clock_timestamp()');
  }

  /** Committed by itself before anything is read; see the port. */
  private async note(verifierId: string, revision: number): Promise<void> {
    await withRetry(() =>
      this.pool.query({
        name: 'access_note',
        text: `INSERT INTO access_verifier (id, revision, renewed_at) VALUES ($1, $2, clock_timestamp())
               ON CONFLICT (id) DO UPDATE SET revision = excluded.revision, renewed_at = clock_timestamp()`,
        values: [verifierId, revision],
      }),
    );
  }
}
