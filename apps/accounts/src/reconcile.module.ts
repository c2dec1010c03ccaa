import { createLog, type Environment, readConfig } from '@aisbf/platform';
import { accountsSettings } from './config.js';
import {
  type ExitCode,
  type ReconcileParts,
  reconcile,
  reconcileOptions,
  reconcileUsage,
} from './inbound/reconcile-command.js';
import { ChecksDatabase } from './outbound/checks-database.js';
import { PgAuditBlockStore } from './outbound/pg-audit-block-store.js';
import { PgBookedMovements } from './outbound/pg-booked-movements.js';
import { PgLedgerChecks } from './outbound/pg-ledger-checks.js';
import { PgReconciliationStore } from './outbound/pg-reconciliation-store.js';
import { paymentProvider } from './payment.module.js';
import { requirePaymentSettings } from './payment-settings.js';
import { payoutProviders } from './payout.module.js';
import { AuditBlocks } from './services/audit-blocks.js';
import { OutsideBooks, OutsideSettings } from './services/outside-books.js';
import { ReconciliationEvents } from './services/reconciliation-events.js';
import { Reconciliations } from './services/reconciliations.js';

/** What the command needs of the settings of the service; all but the database may be left out. */
const reconcileSettings = accountsSettings.pick({
  ACCOUNTS_LOG_LEVEL: true,
  ACCOUNTS_DATABASE_URL: true,
  ACCOUNTS_VIOLATIONS_MS_MAX: true,
  ACCOUNTS_RECONCILE_PROVIDER_DAYS: true,
  ACCOUNTS_PAYMENTS: true,
  ACCOUNTS_STRIPE_SECRET_KEY: true,
  ACCOUNTS_STRIPE_WEBHOOK_SECRET: true,
  ACCOUNTS_STRIPE_URL: true,
  ACCOUNTS_STRIPE_TIMEOUT_MS: true,
  ACCOUNTS_PAYMENT_RETURN_URL: true,
  ACCOUNTS_PAYOUT_RETURN_URL: true,
  ACCOUNTS_PAYOUT_ANSWER_MS_MAX: true,
});

/** What the command sees, it prints. */
class PrintedEvents extends ReconciliationEvents {
  ended(): void {}
  reported(): void {}
  failed(): void {}
}

/** `main.js reconcile`: looks at the ledger without a running service. Gives how the process is to end. */
export async function runReconcile(
  environment: Environment,
  args: readonly string[],
  print: (text: string) => void,
): Promise<ExitCode> {
  let options: ReturnType<typeof reconcileOptions>;
  try {
    options = reconcileOptions(args);
  } catch (error) {
    print(`${error instanceof Error ? error.message : error}\n\n${reconcileUsage}`);
    return 2;
  }
  const settings = readConfig(reconcileSettings, environment);
  requirePaymentSettings(settings);
  const database = new ChecksDatabase(
    { url: settings.ACCOUNTS_DATABASE_URL, msMax: settings.ACCOUNTS_VIOLATIONS_MS_MAX },
    createLog('reconcile', settings.ACCOUNTS_LOG_LEVEL),
  );
  try {
    return await reconcile(options, partsOf(settings, database), print);
  } finally {
    await database.onApplicationShutdown();
  }
}

function partsOf(
  settings: ReturnType<typeof reconcileSettings.parse>,
  database: ChecksDatabase,
): ReconcileParts {
  const blocks = new AuditBlocks(new PgAuditBlockStore(database));
  const outside = new OutsideBooks(
    paymentProvider(settings),
    payoutProviders(settings).providers,
    new PgBookedMovements(database),
    new OutsideSettings(settings.ACCOUNTS_RECONCILE_PROVIDER_DAYS),
  );
  const reconciliations = new Reconciliations(
    new PgReconciliationStore(database),
    new PgLedgerChecks(database),
    outside,
    blocks,
    new PrintedEvents(),
  );
  return { reconciliations, blocks, now: () => new Date() };
}
