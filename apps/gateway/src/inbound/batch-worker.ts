import { setTimeout as delay } from 'node:timers/promises';
import { Fault } from '@aisbf/faults';
import { Log } from '@aisbf/platform';
import { SharedWorker } from '@aisbf/queues';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { ConnectionOptions } from 'bullmq';
import { BatchRunner } from '../services/batch-runner.js';
import { BatchQueue, BatchWorkStore } from '../services/batch-store.js';

/** Where the queue is, and how much of it this process takes. Also the DI token. */
export class BatchWorkerSettings {
  constructor(
    readonly queueName: string,
    readonly connection: ConnectionOptions,
    readonly concurrency: number,
    readonly sweepMs: number,
  ) {}
}

/** Batches that are put into the queue in one go. */
const sweptMax = 200;
/** How long lines that run may take to end when the process leaves. */
const leaveMs = 5_000;

/** This gateway's part in the batches of all buyers. */
@Injectable()
export class BatchWorker implements OnApplicationShutdown {
  private readonly worker: SharedWorker<Readonly<{ batchId: string }>>;
  private readonly stop = new AbortController();
  private sweeping: Promise<void> | undefined;

  constructor(
    private readonly settings: BatchWorkerSettings,
    private readonly runner: BatchRunner,
    private readonly store: BatchWorkStore,
    private readonly queue: BatchQueue,
    private readonly log: Log,
  ) {
    const { queueName, connection, concurrency } = settings;
    this.worker = new SharedWorker({
      ...{ queueName, connection, concurrency },
      work: ({ data }) => runner.advance(data.batchId),
      onError: (error) => log.warn({ error }, 'the queue of batches fails'),
      onFailed: (job, error) => log.warn({ job: job?.id, error }, 'a batch could not be taken up'),
    });
  }

  start(): void {
    this.worker.start();
    this.sweeping = this.sweep();
  }

  async onApplicationShutdown(): Promise<void> {
    this.stop.abort();
    this.runner.leave();
    const timer = setTimeout(() => this.runner.giveUp(), leaveMs);
    await Promise.all([this.sweeping, this.worker.close()]);
    clearTimeout(timer);
  }

  /** What the queue has forgotten, or whose gateway has died, is found here. */
  private async sweep(): Promise<void> {
    while (!this.stop.signal.aborted) {
      try {
        await this.queue.add(await this.store.due(sweptMax));
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
        this.log.warn({ error }, 'batches could not be looked for');
      }
      const pause = delay(this.settings.sweepMs, undefined, { signal: this.stop.signal });
      await pause.catch(() => undefined);
    }
  }
}
