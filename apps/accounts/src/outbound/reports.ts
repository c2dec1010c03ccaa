import type { Log } from '@aisbf/platform';
import { Pool, type PoolClient } from 'pg';
import QueryStream from 'pg-query-stream';
import { faults } from '../domain/faults.js';

export type ReportLimits = Readonly<{
  url: string;
  /** Reports that read at once: they have connections of their own, so that no report keeps a request waiting. */
  connectionsMax: number;
  /** How long one statement may run, and one download take. */
  msMax: number;
}>;

export type Query = Readonly<{ text: string; values: readonly unknown[] }>;

/** How long a report waits for its turn. */
const turnMsMax = 5_000;
/** Rows of a download that are in memory at once. */
const rowsMax = 500;

/** Reads that may be long: statements, sums, downloads. Also the DI token. */
export class Reports {
  private readonly pool: Pool;

  constructor(
    private readonly limits: ReportLimits,
    log: Log,
  ) {
    this.pool = new Pool({
      connectionString: limits.url,
      max: limits.connectionsMax,
      connectionTimeoutMillis: turnMsMax,
      statement_timeout: limits.msMax,
      idle_in_transaction_session_timeout: limits.msMax,
    });
    this.pool.on('error', (error) => log.warn({ error }, 'an idle report connection broke'));
  }

  async onApplicationShutdown(): Promise<void> {
    await this.pool.end();
  }

  async rows<Row extends object>({ text, values }: Query): Promise<readonly Row[]> {
    const client = await this.connect();
    try {
      return (await client.query<Row>(text, [...values])).rows;
    } finally {
      client.release();
    }
  }

  /** All statements see the same moment. */
  async snapshot(queries: readonly Query[]): Promise<readonly (readonly unknown[])[]> {
    const client = await this.connect();
    let isDone = false;
    try {
      await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
      const results = [];
      for (const { text, values } of queries) {
        results.push((await client.query<object>(text, [...values])).rows);
      }
      await client.query('COMMIT');
      isDone = true;
      return results;
    } finally {
      client.release(!isDone);
    }
  }

  /**
   * Reads with a cursor, as fast as rows are taken. Whoever takes them too slowly, or not to the end, breaks the
   * connection: no reader keeps one.
   */
  async *stream<Row extends object, Item>(
    { text, values }: Query,
    from: (row: Row) => Item,
  ): AsyncGenerator<Item> {
    const client = await this.connect();
    const rows = client.query(new QueryStream(text, [...values], { batchSize: rowsMax }));
    const timer = setTimeout(
      () => rows.destroy(new Error('the download took too long')),
      this.limits.msMax,
    );
    let isDone = false;
    try {
      for await (const row of rows) yield from(row as Row);
      isDone = true;
    } finally {
      clearTimeout(timer);
      client.release(!isDone);
    }
  }

  private async connect(): Promise<PoolClient> {
    try {
      return await this.pool.connect();
    } catch (error) {
      if (/timeout exceeded/.test(String(error))) throw faults.REPORTS_BUSY({}, { cause: error });
      throw faults.LEDGER_UNAVAILABLE({}, { cause: error });
    }
  }
}
