import { nanos } from '@aisbf/money';
import { Log } from '@aisbf/platform';
import { queueConnection } from '@aisbf/queues';
import type { Provider } from '@nestjs/common';
import type { AccountsSettings } from './config.js';
import { reconciliationJobs } from './domain/reconciliation.js';
import { type BackgroundJob, BackgroundJobs, job } from './inbound/background.js';
import {
  ReconciliationWorker,
  ReconciliationWorkerSettings,
} from './inbound/reconciliation-worker.js';
import {
  BullReconciliationClock,
  reconciliationQueueName,
} from './outbound/bull-reconciliation-clock.js';
import { ChecksDatabase } from './outbound/checks-database.js';
import { CountedReconciliationEvents } from './outbound/counted-reconciliation-events.js';
import { PgAuditBlockStore } from './outbound/pg-audit-block-store.js';
import { PgBookedMovements } from './outbound/pg-booked-movements.js';
import { PgLedgerChecks } from './outbound/pg-ledger-checks.js';
import { PgReconciliationStore } from './outbound/pg-reconciliation-store.js';
import { PgRepairStore } from './outbound/pg-repair-store.js';
import { AuditBlockStore, AuditBlocks } from './services/audit-blocks.js';
import { BookedMovements, OutsideBooks, OutsideSettings } from './services/outside-books.js';
import { ReconciliationEvents } from './services/reconciliation-events.js';
import { ReconciliationClock, ReconciliationReport } from './services/reconciliation-report.js';
import { LedgerChecks, ReconciliationStore, Reconciliations } from './services/reconciliations.js';
import { RepairLimits, RepairStore, Repairs } from './services/repairs.js';

/** How often the queue is told of its clock: one that has lost everything has forgotten it. */
const ensureIntervalMs = 5_000;

/** What the timers of each replica do about reconciliation. */
export class ReconciliationJobs extends BackgroundJobs {}

/** The parts of the service that look whether the ledger is right, and put it right. */
export function reconciliationParts(settings: AccountsSettings, log: Log): Provider[] {
  const limits = {
    url: settings.ACCOUNTS_DATABASE_URL,
    msMax: settings.ACCOUNTS_VIOLATIONS_MS_MAX,
  };
  return [
    Reconciliations,
    ReconciliationReport,
    AuditBlocks,
    OutsideBooks,
    Repairs,
    { provide: ChecksDatabase, useFactory: () => new ChecksDatabase(limits, log) },
    { provide: ReconciliationStore, useClass: PgReconciliationStore },
    { provide: LedgerChecks, useClass: PgLedgerChecks },
    { provide: AuditBlockStore, useClass: PgAuditBlockStore },
    { provide: BookedMovements, useClass: PgBookedMovements },
    { provide: RepairStore, useClass: PgRepairStore },
    { provide: ReconciliationEvents, useClass: CountedReconciliationEvents },
    {
      provide: OutsideSettings,
      useValue: new OutsideSettings(settings.ACCOUNTS_RECONCILE_PROVIDER_DAYS),
    },
    {
      provide: RepairLimits,
      useValue: new RepairLimits(
        nanos(BigInt(settings.ACCOUNTS_REPAIR_NANOS_ALONE_MAX)),
        settings.ACCOUNTS_REPAIR_TTL_MS,
      ),
    },
    ...clockParts(settings),
  ];
}

function clockParts(settings: AccountsSettings): Provider[] {
  const { ACCOUNTS_REDIS_URL: url, ACCOUNTS_RECONCILE_INTERVAL_MS: intervalMs } = settings;
  const tell = (report: ReconciliationReport): BackgroundJob =>
    job('violations', settings.ACCOUNTS_VIOLATIONS_INTERVAL_MS, () => report.tell());
  if (url === undefined) {
    return [
      {
        provide: ReconciliationJobs,
        inject: [Reconciliations, ReconciliationReport],
        useFactory: (reconciliations: Reconciliations, report: ReconciliationReport) =>
          new ReconciliationJobs([
            tell(report),
            ...reconciliationJobs.map((each) =>
              job(`reconciliation of a ${each}`, intervalMs, () => reconciliations.run(each)),
            ),
          ]),
      },
    ];
  }
  return [
    ReconciliationWorker,
    {
      provide: ReconciliationWorkerSettings,
      useValue: new ReconciliationWorkerSettings(reconciliationQueueName, queueConnection(url)),
    },
    {
      provide: ReconciliationClock,
      inject: [ReconciliationEvents],
      useFactory: (events: ReconciliationEvents) =>
        new BullReconciliationClock(url, intervalMs, (error) => events.failed('queue', error)),
    },
    {
      provide: ReconciliationJobs,
      inject: [ReconciliationReport, ReconciliationClock],
      useFactory: (report: ReconciliationReport, clock: ReconciliationClock) =>
        new ReconciliationJobs([
          tell(report),
          job('reconciliation queue', ensureIntervalMs, () => clock.ensure()),
        ]),
    },
  ];
}
