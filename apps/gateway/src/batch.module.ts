import { type InternalClient, Log } from '@aisbf/platform';
import { queueConnection } from '@aisbf/queues';
import type { Provider } from '@nestjs/common';
import type { GatewaySettings } from './config.js';
import { BatchRoutes } from './inbound/batch-routes.js';
import { BatchWorker, BatchWorkerSettings } from './inbound/batch-worker.js';
import { OpenAiFaultWords } from './inbound/openai-error.js';
import { BullBatchQueue, batchQueueName } from './outbound/bull-batch-queue.js';
import { HttpBatchStore } from './outbound/http-batch-store.js';
import { HttpBatchWork } from './outbound/http-batch-work.js';
import { NoBatchQueue } from './outbound/no-batch-queue.js';
import { BatchClaims } from './services/batch-claims.js';
import { BatchEvents } from './services/batch-events.js';
import { BatchFiles } from './services/batch-files.js';
import { BatchLines } from './services/batch-lines.js';
import { BatchRunner } from './services/batch-runner.js';
import { BatchQueue, BatchStore, BatchWorkStore } from './services/batch-store.js';
import { BatchValidation } from './services/batch-validation.js';
import { BuyerBatches } from './services/buyer-batches.js';
import { BatchTerms } from './services/claimed-batch.js';
import { FaultWords } from './services/fault-words.js';
import { LineEnds } from './services/line-ends.js';
import { LineRun } from './services/line-run.js';

/** The parts of the service that take batches, and run them where there is a queue. */
export function batchParts(
  settings: GatewaySettings,
  peer: (baseUrl: string) => InternalClient,
): Provider[] {
  const accounts = () => peer(settings.GATEWAY_ACCOUNTS_URL);
  return [
    ...[BatchRoutes, BuyerBatches, BatchRunner, BatchClaims],
    ...[BatchValidation, BatchLines, LineRun, LineEnds, BatchFiles, BatchEvents],
    { provide: FaultWords, useClass: OpenAiFaultWords },
    { provide: BatchStore, useFactory: () => new HttpBatchStore(accounts()) },
    { provide: BatchWorkStore, useFactory: () => new HttpBatchWork(accounts()) },
    { provide: BatchTerms, useValue: termsOf(settings) },
    ...queueParts(settings),
  ];
}

/** Whether this gateway runs lines, and not only takes batches. */
export function runsBatches(settings: GatewaySettings): boolean {
  const { GATEWAY_REDIS_URL: url, GATEWAY_FILE_KEYS: keys } = settings;
  return url !== undefined && keys !== undefined && settings.GATEWAY_BATCHES_MAX > 0;
}

function queueParts(settings: GatewaySettings): Provider[] {
  const { GATEWAY_REDIS_URL: url } = settings;
  if (url === undefined) return [{ provide: BatchQueue, useClass: NoBatchQueue }];
  const queue = {
    provide: BatchQueue,
    inject: [Log],
    useFactory: (log: Log) =>
      new BullBatchQueue(url, (error) => log.warn({ error }, 'the queue of batches fails')),
  };
  if (!runsBatches(settings)) return [queue];
  return [
    queue,
    BatchWorker,
    {
      provide: BatchWorkerSettings,
      useFactory: () =>
        new BatchWorkerSettings(
          batchQueueName,
          queueConnection(url),
          settings.GATEWAY_BATCHES_MAX,
          settings.GATEWAY_BATCH_SWEEP_MS,
        ),
    },
  ];
}

function termsOf(settings: GatewaySettings): BatchTerms {
  return new BatchTerms(
    settings.GATEWAY_BATCH_CLAIM_MS,
    settings.GATEWAY_BATCH_SLICE_MS,
    {
      atOnceMax: settings.GATEWAY_BATCH_LINES_MAX,
      countMax: settings.GATEWAY_BATCH_INPUT_LINES_MAX,
      bytesMax: settings.GATEWAY_BODY_BYTES_MAX,
    },
    settings.GATEWAY_BATCH_LIVE_REQUESTS_MAX,
    {
      firstMs: settings.GATEWAY_BATCH_RETRY_MS,
      mostMs: settings.GATEWAY_BATCH_RETRY_MS_MAX,
      triesMax: settings.GATEWAY_BATCH_TRIES_MAX,
    },
    { charactersMax: settings.GATEWAY_SIGNAL_CHARACTERS_MAX },
  );
}
