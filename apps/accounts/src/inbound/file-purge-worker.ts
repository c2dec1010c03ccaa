import { SharedWorker } from '@aisbf/queues';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { ConnectionOptions } from 'bullmq';
import { Files } from '../services/files.js';
import { LedgerEvents } from '../services/ledger-events.js';

/** Where the queue is. Also the DI token. */
export class FilePurgeWorkerSettings {
  constructor(
    readonly queueName: string,
    readonly connection: ConnectionOptions,
  ) {}
}

/** Removes what the queue says is to be looked for. */
@Injectable()
export class FilePurgeWorker implements OnApplicationShutdown {
  private readonly worker: SharedWorker<unknown>;

  constructor(settings: FilePurgeWorkerSettings, files: Files, events: LedgerEvents) {
    this.worker = new SharedWorker({
      ...settings,
      concurrency: 1,
      work: () => files.purge(),
      onError: (error) => events.failed('file queue', error),
      onFailed: (_job, error) => events.failed('files', error),
    });
  }

  start(): void {
    this.worker.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.worker.close();
  }
}
