import type { Role } from '@aisbf/contracts';
import { Injectable } from '@nestjs/common';
import { Pool } from 'pg';
import { AttemptLimits, type LiveSession, Sessions, Usernames } from '../services/sign-in.js';
import { withRetry } from './pg-retry.js';

type SessionRow = {
  id: string;
  user_id: string;
  owner_id: string;
  username: string;
  role: Role;
  expires_at: Date;
  revision: string;
};

@Injectable()
export class PgSessions extends Sessions {
  constructor(private readonly pool: Pool) {
    super();
  }

  /** One statement, so one moment: whatever ends this session later has a higher revision. */
  async find(sessionId: string): Promise<LiveSession | undefined> {
    const { rows } = await withRetry(() =>
      this.pool.query<SessionRow>({
        name: 'find_session',
        text: `SELECT s.id, s.user_id, u.owner_id, o.username, u.role, s.expires_at,
                 (SELECT coalesce(max(revision), 0)::text FROM access_change) AS revision
               FROM auth_session s JOIN app_user u ON u.id = s.user_id JOIN owner o ON o.id = u.owner_id
               WHERE s.id = $1 AND s.expires_at > now() AND u.disabled_at IS NULL`,
        values: [sessionId],
      }),
    );
    const [row] = rows;
    return (
      row && {
        sessionId: row.id,
        userId: row.user_id,
        ownerId: row.owner_id,
        username: row.username,
        role: row.role,
        expiresAt: row.expires_at,
        revision: Number(row.revision),
      }
    );
  }
}

@Injectable()
export class PgAttemptLimits extends AttemptLimits {
  constructor(private readonly pool: Pool) {
    super();
  }

  async take(key: string, max: number, windowMs: number): Promise<number> {
    const { rows } = await withRetry(() =>
      this.pool.query<{ wait_ms: number }>('SELECT take_auth_attempt($1, $2, $3) AS wait_ms', [
        key,
        max,
        windowMs,
      ]),
    );
    return rows[0]?.wait_ms ?? 0;
  }
}

@Injectable()
export class PgUsernames extends Usernames {
  constructor(private readonly pool: Pool) {
    super();
  }

  async claim(username: string): Promise<boolean> {
    const { rowCount } = await this.pool.query(
      `INSERT INTO held_username (username)
       SELECT $1 WHERE NOT EXISTS (SELECT FROM owner WHERE username = $1)
         AND NOT EXISTS (SELECT FROM app_user WHERE username = $1)
       ON CONFLICT DO NOTHING`,
      [username],
    );
    return rowCount === 1;
  }

  async release(username: string): Promise<void> {
    await this.pool.query('DELETE FROM held_username WHERE username = $1', [username]);
  }
}
