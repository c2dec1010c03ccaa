import type { PayoutProviderKind } from '@aisbf/contracts';
import type { Log } from '@aisbf/platform';
import type { TestDatabase } from '@aisbf/testkit';
import type { Pool } from 'pg';
import { ChecksDatabase } from '../src/outbound/checks-database.js';
import { NoPaymentProvider } from '../src/outbound/no-payment-provider.js';
import { PgAuditBlockStore } from '../src/outbound/pg-audit-block-store.js';
import { PgBookedMovements } from '../src/outbound/pg-booked-movements.js';
import { PgLedgerChecks } from '../src/outbound/pg-ledger-checks.js';
import { PgReconciliationStore } from '../src/outbound/pg-reconciliation-store.js';
import { AuditBlocks } from '../src/services/audit-blocks.js';
import { OutsideBooks, OutsideSettings } from '../src/services/outside-books.js';
import type { PaymentProvider } from '../src/services/payment-provider.js';
import { type PayoutProvider, PayoutProviders } from '../src/services/payout-provider.js';
import { ReconciliationEvents } from '../src/services/reconciliation-events.js';
import { Reconciliations } from '../src/services/reconciliations.js';

export const dayMs = 86_400_000;

export class NotedReconciliations extends ReconciliationEvents {
  readonly noted: string[] = [];
  ended(job: string): void {
    this.noted.push(job);
  }
  reported(): void {}
  failed(): void {}
}

type Outside = Readonly<{
  payments?: PaymentProvider;
  payouts?: ReadonlyMap<PayoutProviderKind, PayoutProvider>;
}>;

/** One replica's part in reconciliation. */
export function openReplica(database: TestDatabase, outside: Outside = {}, msMax = 60_000) {
  const silent = { warn: () => undefined } as unknown as Log;
  const checks = new ChecksDatabase({ url: database.urls.accounts, msMax }, silent);
  const blockStore = new PgAuditBlockStore(checks);
  const blocks = new AuditBlocks(blockStore);
  const store = new PgReconciliationStore(checks);
  const events = new NotedReconciliations();
  const ledgerChecks = new PgLedgerChecks(checks);
  const books = new OutsideBooks(
    outside.payments ?? new NoPaymentProvider(),
    new PayoutProviders(outside.payouts ?? new Map()),
    new PgBookedMovements(checks),
    new OutsideSettings(2),
  );
  return {
    ...{ checks, blockStore, blocks, store, events, ledgerChecks, books },
    reconciliations: new Reconciliations(store, ledgerChecks, books, blocks, events),
    close: () => checks.onApplicationShutdown(),
  };
}

/** The market as if it had been made so many days ago. */
export async function makeOlder(admin: Pool, days: number): Promise<void> {
  await admin.query(`UPDATE owner SET created_at = now() - $1 * interval '1 day'`, [days]);
}

/** Something that was done so many days ago. */
export async function actedDaysAgo(admin: Pool, days: number, subject: string): Promise<string> {
  const { rows } = await admin.query<{ id: string }>(
    `INSERT INTO audit_event (at, owner_id, action, subject, detail)
     SELECT now() - $1 * interval '1 day', id, 'test', $2, '{"big": 12345678901234567890, "a": 1.0}'
     FROM owner WHERE kind = 'global' RETURNING id`,
    [days, subject],
  );
  return rows[0]?.id ?? '';
}

/** Changes something past all triggers, as only the database's administrator can. */
export async function tamper(admin: Pool, statement: string): Promise<void> {
  const client = await admin.connect();
  try {
    await client.query('BEGIN');
    await client.query('SET LOCAL session_replication_role = replica');
    await client.query(statement);
    await client.query('COMMIT');
  } finally {
    client.release();
  }
}

export function utcDay(daysAgo: number): string {
  return new Date(Date.now() - daysAgo * dayMs).toISOString().slice(0, 10);
}
