import { openAccountsDatabase, PrismaClient } from '@aisbf/database-accounts';
import type { Log } from '@aisbf/platform';
import { Pool } from 'pg';

/** The two ways into the database, named for whoever puts the service together. */
export { Pool, PrismaClient };

export type PoolOptions = Readonly<{ url: string; connectionsMax: number }>;

/** A statement that waits longer than these has met a stuck peer; money must not wait with it. */
export function openPool({ url, connectionsMax }: PoolOptions, log: Log): Pool {
  const pool = new Pool({
    connectionString: url,
    max: connectionsMax,
    connectionTimeoutMillis: 5_000,
    lock_timeout: 2_000,
    statement_timeout: 5_000,
    idle_in_transaction_session_timeout: 5_000,
  });
  pool.on('error', (error) => log.warn({ error }, 'an idle database connection broke'));
  return pool;
}

/** Connects at the first statement. */
export function openClient(url: string): PrismaClient {
  return openAccountsDatabase(url);
}
