import type { Log } from '@aisbf/platform';
import type { Provider } from '@nestjs/common';
import type { AccountsSettings } from './config.js';
import { BackgroundJobs, job } from './inbound/background.js';
import { PgReceiptLists } from './outbound/pg-receipt-lists.js';
import { PgStatementReader } from './outbound/pg-statement-reader.js';
import { PgUsageReader } from './outbound/pg-usage-reader.js';
import { Reports } from './outbound/reports.js';
import { ReceiptLists, StatementReader, UsageReader } from './services/usage-reader.js';
import { UsageReports } from './services/usage-reports.js';

/** What is done about sums of usage in the background. */
export class UsageJobs extends BackgroundJobs {}

/** The parts of the service that say what was bought and sold. */
export function usageParts(settings: AccountsSettings, log: Log): Provider[] {
  const limits = {
    url: settings.ACCOUNTS_DATABASE_URL,
    connectionsMax: settings.ACCOUNTS_REPORT_CONNECTIONS_MAX,
    msMax: settings.ACCOUNTS_REPORT_MS_MAX,
  };
  return [
    UsageReports,
    { provide: UsageReader, useClass: PgUsageReader },
    { provide: ReceiptLists, useClass: PgReceiptLists },
    { provide: StatementReader, useClass: PgStatementReader },
    { provide: Reports, useFactory: () => new Reports(limits, log) },
    {
      provide: UsageJobs,
      inject: [UsageReports],
      useFactory: (reports: UsageReports) =>
        new UsageJobs([job('usage', settings.ACCOUNTS_FOLD_INTERVAL_MS, () => reports.fold())]),
    },
  ];
}
