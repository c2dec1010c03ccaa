import { Injectable } from '@nestjs/common';
import { type Counts, type Finding, findingsMax, type Window } from '../domain/reconciliation.js';
import { LedgerChecks } from '../services/reconciliations.js';
import { ChecksDatabase } from './checks-database.js';

const columns = 'violation, subject, detail';
/** Sales are folded into their day within seconds; the day before is looked at for what came late. */
const daysBack = 1;
/** A lease lives for minutes, and is settled an hour later at the most. */
const leaseHoursBack = 2;

/** The oracle, as much of it as each job can afford. One statement sees one moment. */
@Injectable()
export class PgLedgerChecks extends LedgerChecks {
  constructor(private readonly database: ChecksDatabase) {
    super();
  }

  minute({ from, to }: Window): Promise<readonly Finding[]> {
    return this.findings(
      `SELECT ${columns} FROM ledger_changed($1, $2) UNION ALL SELECT ${columns} FROM ledger_standing`,
      [from, to],
    );
  }

  hour({ from }: Window): Promise<readonly Finding[]> {
    return this.findings(
      `SELECT ${columns} FROM ledger_standing
       UNION ALL SELECT ${columns} FROM ledger_folds(($1::timestamptz AT TIME ZONE 'UTC')::date - $2::integer)
       UNION ALL SELECT ${columns} FROM ledger_loose_ends($1::timestamptz - $3 * interval '1 hour')`,
      [from, daysBack, leaseHoursBack],
    );
  }

  whole(): Promise<readonly Finding[]> {
    return this.findings(
      `SELECT ${columns} FROM ledger_violations
       UNION ALL SELECT ${columns} FROM ledger_folds('-infinity') WHERE violation <> 'usage_sum'
       UNION ALL SELECT ${columns} FROM ledger_loose_ends(clock_timestamp()) WHERE violation = 'outbox_unpublished'`,
      [],
    );
  }

  async moved({ from, to }: Window): Promise<Counts> {
    const [row] = await this.database.rows<
      Record<'transactions' | 'transfers' | 'receipts', string>
    >('SELECT * FROM ledger_moved($1, $2)', [from, to]);
    if (!row) throw new Error('a count without a row');
    return Object.fromEntries(Object.entries(row).map(([name, count]) => [name, Number(count)]));
  }

  private findings(text: string, values: readonly unknown[]): Promise<readonly Finding[]> {
    return this.database.rows<Finding>(`SELECT * FROM (${text}) f LIMIT ${findingsMax}`, values);
  }
}
