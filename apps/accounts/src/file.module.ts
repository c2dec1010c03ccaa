import { queueConnection } from '@aisbf/queues';
import type { Provider } from '@nestjs/common';
import type { AccountsSettings } from './config.js';
import { BackgroundJobs, job } from './inbound/background.js';
import { FilePurgeWorker, FilePurgeWorkerSettings } from './inbound/file-purge-worker.js';
import { BullFileClock, fileQueueName } from './outbound/bull-file-clock.js';
import { PgBatchLineStore } from './outbound/pg-batch-line-store.js';
import { PgBatchStore } from './outbound/pg-batch-store.js';
import { PgFileStore } from './outbound/pg-file-store.js';
import { BatchDesk, BatchPatience } from './services/batch-desk.js';
import { BatchLineStore } from './services/batch-line-store.js';
import { BatchStore } from './services/batch-store.js';
import { Batches, BatchLimits } from './services/batches.js';
import { FileClock } from './services/file-clock.js';
import { FileStore } from './services/file-store.js';
import { FileLimits, Files } from './services/files.js';
import { LedgerEvents } from './services/ledger-events.js';

/** How often the queue is told of its clock: one that has lost everything has forgotten it. */
const ensureIntervalMs = 5_000;

/** What the timers of each replica do about files. */
export class FileJobs extends BackgroundJobs {}

/** The parts of the service that keep buyers' files and batches. */
export function fileParts(settings: AccountsSettings): Provider[] {
  return [
    Files,
    Batches,
    BatchDesk,
    {
      provide: BatchPatience,
      useValue: new BatchPatience(settings.ACCOUNTS_BATCH_SETTLE_MS_MAX),
    },
    { provide: BatchStore, useClass: PgBatchStore },
    { provide: BatchLineStore, useClass: PgBatchLineStore },
    {
      provide: BatchLimits,
      useValue: new BatchLimits(settings.ACCOUNTS_BATCHES_MAX, settings.ACCOUNTS_BATCH_WINDOW_MS),
    },
    { provide: FileStore, useClass: PgFileStore },
    {
      provide: FileLimits,
      useValue: new FileLimits(
        settings.ACCOUNTS_FILE_BYTES_MAX,
        {
          filesMax: settings.ACCOUNTS_FILES_MAX,
          bytesMax: settings.ACCOUNTS_FILES_BYTES_MAX,
        },
        settings.ACCOUNTS_FILE_TTL_S,
        settings.ACCOUNTS_FILE_UPLOAD_MS_MAX,
      ),
    },
    ...clockParts(settings),
  ];
}

function clockParts(settings: AccountsSettings): Provider[] {
  const { ACCOUNTS_REDIS_URL: url, ACCOUNTS_FILE_PURGE_INTERVAL_MS: intervalMs } = settings;
  if (url === undefined) {
    return [
      {
        provide: FileJobs,
        inject: [Files],
        useFactory: (files: Files) => new FileJobs([job('files', intervalMs, () => files.purge())]),
      },
    ];
  }
  return [
    FilePurgeWorker,
    {
      provide: FilePurgeWorkerSettings,
      useValue: new FilePurgeWorkerSettings(fileQueueName, queueConnection(url)),
    },
    {
      provide: FileClock,
      inject: [LedgerEvents],
      useFactory: (events: LedgerEvents) =>
        new BullFileClock(url, intervalMs, (error) => events.failed('file queue', error)),
    },
    {
      provide: FileJobs,
      inject: [FileClock],
      useFactory: (clock: FileClock) =>
        new FileJobs([job('file queue', ensureIntervalMs, () => clock.ensure())]),
    },
  ];
}
