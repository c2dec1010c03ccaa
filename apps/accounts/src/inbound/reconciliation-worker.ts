import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { type ConnectionOptions, type Job, Worker } from 'bullmq';
import { type ReconciliationJob, reconciliationJobs } from '../domain/reconciliation.js';
import { ReconciliationEvents } from '../services/reconciliation-events.js';
import { Reconciliations } from '../services/reconciliations.js';

/** Less than a replica has to leave; a run that is cut off is taken up by whoever looks next. */
const closeMsMax = 10_000;

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
  private readonly worker: Worker;

  constructor(
    { queueName, connection }: ReconciliationWorkerSettings,
    private readonly reconciliations: Reconciliations,
    private readonly events: ReconciliationEvents,
  ) {
    this.worker = new Worker(queueName, (job) => this.work(job), {
      connection,
      concurrency: reconciliationJobs.length,
      autorun: false,
    });
    this.worker.on('error', (error) => this.events.failed('queue', error));
    this.worker.on('failed', (job, error) => this.events.failed(job?.name ?? 'queue', error));
  }

  start(): void {
    this.worker.run().catch((error: unknown) => this.events.failed('queue', error));
  }

  async onApplicationShutdown(): Promise<void> {
    // A Redis that is away would be waited for without end.
    const timer = new AbortController();
    const late = delay(closeMsMax, undefined, { signal: timer.signal, ref: false });
    await Promise.race([this.worker.close(), late.catch(() => undefined)]);
    timer.abort();
  }

  private async work({ data }: Job<Readonly<{ job: ReconciliationJob }>>): Promise<void> {
    await this.reconciliations.run(data.job);
  }
}
