import type { Log } from '@aisbf/platform';
import { Pool, type PoolClient } from 'pg';
import QueryStream from 'pg-query-stream';
import type { ReconciliationJob } from '../domain/reconciliation.js';

export type ChecksLimits = Readonly<{
  url: string;
  /** How long one look may take: it may read the whole ledger. */
  msMax: number;
}>;

/** Three jobs at once, each with a connection that says so and one that reads, and some for lists. */
const connectionsMax = 8;
const rowsMax = 2_000;
const jobLocks: Readonly<Record<ReconciliationJob, number>> = { minute: 1, hour: 2, day: 3 };
/** Ours among the advisory locks of this database. */
const lockClass = 4_711_004;

/** Long looks at the ledger, over connections that no request waits for. Also the DI token. */
export class ChecksDatabase {
  private readonly pool: Pool;
  private readonly taken = new Set<PoolClient>();

  constructor(
    { url, msMax }: ChecksLimits,
    private readonly log: Log,
  ) {
    this.pool = new Pool({
      connectionString: url,
      max: connectionsMax,
      connectionTimeoutMillis: 10_000,
      statement_timeout: msMax,
      idle_in_transaction_session_timeout: msMax,
    });
    this.pool.on('error', (error) => log.warn({ error }, 'an idle connection of checks broke'));
  }

  /** A look may take minutes and is cut off: whoever looks next takes its window again. */
  async onApplicationShutdown(): Promise<void> {
    const ending = this.pool.end();
    await Promise.all([...this.taken].map((client) => client.end()));
    await ending;
  }

  async rows<Row extends object>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    const client = await this.connect();
    let isDone = false;
    try {
      const { rows } = await client.query<Row>(text, [...values]);
      isDone = true;
      return rows;
    } finally {
      this.release(client, isDone);
    }
  }

  /** All of it, or nothing. */
  async inTransaction<Result>(work: (client: PoolClient) => Promise<Result>): Promise<Result> {
    const client = await this.connect();
    let isDone = false;
    try {
      await client.query('BEGIN');
      const result = await work(client);
      await client.query('COMMIT');
      isDone = true;
      return result;
    } finally {
      this.release(client, isDone);
    }
  }

  /** Reads with a cursor: a day may be longer than memory. */
  async *stream<Row extends object>(text: string, values: readonly unknown[]): AsyncGenerator<Row> {
    const client = await this.connect();
    let isDone = false;
    try {
      const rows = client.query(new QueryStream(text, [...values], { batchSize: rowsMax }));
      for await (const row of rows) yield row as Row;
      isDone = true;
    } finally {
      this.release(client, isDone);
    }
  }

  /**
   * Holds a job's lock while the work is done. The lock is the connection's and ends with it, whatever becomes of the
   * process; undefined where somebody else holds it.
   */
  async alone<Result>(
    job: ReconciliationJob,
    work: () => Promise<Result>,
  ): Promise<Result | undefined> {
    const client = await this.connect();
    let isFree = false;
    try {
      const names = [lockClass, jobLocks[job]];
      const { rows } = await client.query<{ taken: boolean }>(
        'SELECT pg_try_advisory_lock($1, $2) AS taken',
        names,
      );
      if (rows[0]?.taken !== true) {
        isFree = true;
        return undefined;
      }
      try {
        return await work();
      } finally {
        // At once, whatever came of it: a connection that is given up lets go of its lock some time later.
        await client.query('SELECT pg_advisory_unlock($1, $2)', names);
        isFree = true;
      }
    } finally {
      // Of a connection that broke, the lock goes with it.
      this.release(client, isFree);
    }
  }

  /** One that breaks between two statements says so to nobody else; the next statement fails. */
  private readonly onBroken = (error: Error): void => {
    this.log.warn({ error }, 'a connection of checks broke while it was held');
  };

  private async connect(): Promise<PoolClient> {
    const client = await this.pool.connect();
    client.on('error', this.onBroken);
    this.taken.add(client);
    return client;
  }

  private release(client: PoolClient, isSound: boolean): void {
    client.off('error', this.onBroken);
    this.taken.delete(client);
    // Of one that is destroyed nobody hears any more.
    if (!isSound) client.on('error', () => undefined);
    client.release(!isSound);
  }
}
