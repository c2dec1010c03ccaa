import type { Role, Scope } from '@aisbf/contracts';
import { Injectable } from '@nestjs/common';
import { Pool } from 'pg';
import { ApiTokenReader, type StoredApiToken } from '../services/api-token-store.js';
import { rowsOf } from './pg-rows.js';

type Row = {
  id: string;
  user_id: string;
  owner_id: string;
  username: string;
  role: Role;
  scopes: Scope[];
  requests_per_minute_max: number;
  tokens_per_minute_max: string;
  concurrency_max: number;
  allowed_routes: string[];
  allowed_models: string[];
  allowed_addresses: string[];
  secret_hash: string;
  expires_at: Date | null;
  revoked_at: Date | null;
  is_user_disabled: boolean;
};

/** A secret of a token: the one that it has, or the one before while that is still good. */
const secrets = `
  SELECT id AS token_id, secret_hash, expires_at FROM api_token WHERE public_id = $1
  UNION ALL
  SELECT id, previous_secret_hash, least(expires_at, previous_valid_until)
  FROM api_token WHERE previous_public_id = $1`;

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
        text: `SELECT t.id, t.user_id, t.owner_id, o.username, u.role, t.scopes, t.requests_per_minute_max,
               t.tokens_per_minute_max, t.concurrency_max, t.allowed_routes, t.allowed_models,
               t.allowed_addresses, s.secret_hash, s.expires_at, t.revoked_at,
               u.disabled_at IS NOT NULL AS is_user_disabled
             FROM (${secrets}) s JOIN api_token t ON t.id = s.token_id
             JOIN app_user u ON u.id = t.user_id JOIN owner o ON o.id = t.owner_id`,
      },
      [publicId],
    );
    return row && fromRow(row);
  }
}

function fromRow(row: Row): StoredApiToken {
  return {
    apiTokenId: row.id,
    userId: row.user_id,
    ownerId: row.owner_id,
    username: row.username,
    role: row.role,
    scopes: row.scopes,
    limits: {
      requestsPerMinuteMax: row.requests_per_minute_max,
      tokensPerMinuteMax: Number(row.tokens_per_minute_max),
      concurrencyMax: row.concurrency_max,
    },
    rules: {
      routes: row.allowed_routes,
      models: row.allowed_models,
      addresses: row.allowed_addresses,
    },
    secretHash: row.secret_hash,
    expiresAt: row.expires_at,
    revokedAt: row.revoked_at,
    isUserDisabled: row.is_user_disabled,
  };
}
