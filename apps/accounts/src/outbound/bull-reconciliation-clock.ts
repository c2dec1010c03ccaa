import { SharedQueue } from '@aisbf/queues';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { faults } from '../domain/faults.js';
import { type ReconciliationJob, reconciliationJobs } from '../domain/reconciliation.js';
import { ReconciliationClock } from '../services/reconciliation-report.js';

export const reconciliationQueueName = 'aisbf-reconciliation';

/** A job of the queue: its name says all. */
type ReconciliationTask = Readonly<{ job: ReconciliationJob }>;

/** Redis through BullMQ lets one replica look, at intervals, whether a job is due. */
@Injectable()
export class BullReconciliationClock extends ReconciliationClock implements OnApplicationShutdown {
  private readonly queue: SharedQueue<ReconciliationTask>;

  constructor(
    url: string,
    private readonly intervalMs: number,
    onError: (error: unknown) => void,
  ) {
    super();
    this.queue = new SharedQueue({
      url,
      name: reconciliationQueueName,
      unavailable: faults.RECONCILIATION_QUEUE_UNAVAILABLE,
      onError,
    });
  }

  async onApplicationShutdown(): Promise<void> {
    await this.queue.close();
  }

  async ensure(): Promise<void> {
    for (const job of reconciliationJobs) await this.queue.repeat(job, this.intervalMs, { job });
  }
}
