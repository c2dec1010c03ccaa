import { setTimeout as delay } from 'node:timers/promises';
import { Pool } from 'pg';

/** What the ledger says of a measurement. */
export type LedgerVerdict = Readonly<{
  /** Requests that were served, priced and charged. */
  charged: number;
  chargedNanos: string;
  /** Whatever else became of requests, by outcome. */
  others: Readonly<Record<string, number>>;
  violations: readonly string[];
}>;

const pollMs = 20;
/** A report that finds no accounts is tried again within seconds. */
const settledMsMax = 60_000;

/** The market's books, read past the services. */
export class Ledger {
  readonly #pool: Pool;

  constructor(databaseUrl: string) {
    this.#pool = new Pool({ connectionString: databaseUrl, max: 1 });
  }

  /** Settlements come after answers: a target is done when the last one is booked. */
  // A lease is given back soon after its last request, and is closed when the last of them is settled.
  async awaitNoOpenHold(): Promise<void> {
    const deadlineMs = Date.now() + settledMsMax;
    for (;;) {
      const { rows } = await this.#pool.query<{ open: boolean }>(
        `SELECT EXISTS (SELECT FROM accounts.hold)
           OR EXISTS (SELECT FROM accounts.lease WHERE state <> 'closed') AS open`,
      );
      if (rows[0]?.open === false) return;
      if (Date.now() > deadlineMs) {
        throw new Error(`Holds are still open ${settledMsMax / 1_000} s after the last request.`);
      }
      await delay(pollMs);
    }
  }

  async verdict(): Promise<LedgerVerdict> {
    const outcomes = await this.#pool.query<{ outcome: string; count: number; nanos: string }>(
      `SELECT CASE WHEN outcome = 'completed' AND captured = 0 THEN 'completed for nothing'
                   ELSE coalesce(outcome, decline_code, state) END AS outcome,
              count(*)::int AS count, sum(captured)::text AS nanos
       FROM accounts.receipt GROUP BY 1`,
    );
    const violations = await this.#pool.query<{ text: string }>(
      "SELECT violation || ' ' || subject || ': ' || detail AS text FROM accounts.ledger_violations",
    );
    const completed = outcomes.rows.find(({ outcome }) => outcome === 'completed');
    return {
      charged: completed?.count ?? 0,
      chargedNanos: completed?.nanos ?? '0',
      others: Object.fromEntries(
        outcomes.rows
          .filter((row) => row !== completed)
          .map(({ outcome, count }) => [outcome, count]),
      ),
      violations: violations.rows.map(({ text }) => text),
    };
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }
}
