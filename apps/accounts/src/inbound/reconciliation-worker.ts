import { SharedWorker } from '@aisbf/queues';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { ConnectionOptions } from 'bullmq';
import { type ReconciliationJob, reconciliationJobs } from '../domain/reconciliation.js';
import { ReconciliationEvents } from '../services/reconciliation-events.js';
import { Reconciliations } from '../services/reconciliations.js';

/** Where the queue is. Also the DI token. */
export class ReconciliationWorkerSettings {
  constructor(
    readonly queueName: string,
    readonly connection: ConnectionOptions,
  ) {}
}

/** Does what the queue says is to be looked at; each of the three jobs beside the others. */
@Injectable()
export class ReconciliationWorker implements OnApplicationShutdown {
  private readonly worker: SharedWorker<Readonly<{ job: ReconciliationJob }>>;

  constructor(
    settings: ReconciliationWorkerSettings,
    reconciliations: Reconciliations,
    events: ReconciliationEvents,
  ) {
    this.worker = new SharedWorker({
      ...settings,
      concurrency: reconciliationJobs.length,
      work: async ({ data }) => {
        await reconciliations.run(data.job);
      },
      onError: (error) => events.failed('queue', error),
      onFailed: (job, error) => events.failed(job?.name ?? 'queue', error),
    });
  }

  start(): void {
    this.worker.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.worker.close();
  }
}
