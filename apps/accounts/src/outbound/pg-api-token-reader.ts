import type { Role, Scope } from '@aisbf/contracts';
import { Injectable } from '@nestjs/common';
import { Pool } from 'pg';
import { ApiTokenReader, type StoredApiToken } from '../services/directory.js';
import { rowsOf } from './pg-rows.js';

type Row = {
  id: string;
  owner_id: string;
  username: string;
  role: Role;
  scopes: Scope[];
  requests_per_minute_max: number;
  tokens_per_minute_max: string;
  concurrency_max: number;
  secret_hash: string;
  expires_at: Date | null;
  revoked_at: Date | null;
};

/** A prepared statement, since every request that no router remembers comes by here. */
@Injectable()
export class PgApiTokenReader extends ApiTokenReader {
  constructor(private readonly pool: Pool) {
    super();
  }

  async find(publicId: string): Promise<StoredApiToken | undefined> {
    const [row] = await rowsOf<Row>(
      this.pool,
      {
        name: 'find_api_token',
        text: `SELECT t.id, t.owner_id, o.username, u.role, t.scopes, t.requests_per_minute_max,
               t.tokens_per_minute_max, t.concurrency_max, t.secret_hash, t.expires_at, t.revoked_at
             FROM api_token t JOIN app_user u ON u.id = t.user_id JOIN owner o ON o.id = t.owner_id
             WHERE t.public_id = $1`,
      },
      [publicId],
    );
    return (
      row && {
        apiTokenId: row.id,
        ownerId: row.owner_id,
        username: row.username,
        role: row.role,
        scopes: row.scopes,
        limits: {
          requestsPerMinuteMax: row.requests_per_minute_max,
          tokensPerMinuteMax: Number(row.tokens_per_minute_max),
          concurrencyMax: row.concurrency_max,
        },
        secretHash: row.secret_hash,
        expiresAt: row.expires_at,
        revokedAt: row.revoked_at,
      }
    );
  }
}
