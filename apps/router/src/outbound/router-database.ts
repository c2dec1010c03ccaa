import { PrismaClient, prismaOptions } from '@aisbf/database-router';
import type { Log } from '@aisbf/platform';
import { Pool } from 'pg';

export type DatabaseOptions = Readonly<{ url: string; connectionsMax: number }>;

/** For reading, and for what locks rows: plain statements over a few connections of their own. */
export class ReadingPool extends Pool {
  constructor({ url, connectionsMax }: DatabaseOptions, log: Log) {
    super({
      connectionString: url,
      max: connectionsMax,
      connectionTimeoutMillis: 5_000,
      // The whole catalogue is read in far less; what takes longer has met a stuck peer.
      statement_timeout: 10_000,
      idle_in_transaction_session_timeout: 5_000,
    });
    this.on('error', (error) => log.warn({ error }, 'an idle database connection broke'));
  }

  async isAlive(): Promise<boolean> {
    return (await this.query('SELECT 1')).rowCount === 1;
  }
}

/** For writing: the generated client. Connects at the first statement. */
export class WritingClient extends PrismaClient {
  constructor({ url, connectionsMax }: DatabaseOptions) {
    super(prismaOptions(url, connectionsMax));
  }
}
