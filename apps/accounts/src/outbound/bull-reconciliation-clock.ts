import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { faults } from '../domain/faults.js';
import { type ReconciliationJob, reconciliationJobs } from '../domain/reconciliation.js';
import { ReconciliationClock } from '../services/reconciliation-report.js';
import { soon } from './bull-payout-queue.js';

export const reconciliationQueueName = 'aisbf-reconciliation';

const away = () => faults.RECONCILIATION_QUEUE_UNAVAILABLE();

/** A job of the queue: its name says all. */
export type ReconciliationTask = Readonly<{ job: ReconciliationJob }>;

/** Redis through BullMQ lets one replica look, at intervals, whether a job is due. */
@Injectable()
export class BullReconciliationClock extends ReconciliationClock implements OnApplicationShutdown {
  private readonly queue: Queue<ReconciliationTask>;
  private readonly redis: Redis;

  constructor(
    url: string,
    private readonly intervalMs: number,
    onError: (error: unknown) => void,
  ) {
    super();
    this.redis = new Redis(url, { maxRetriesPerRequest: null });
    this.redis.on('error', onError);
    this.queue = new Queue(reconciliationQueueName, {
      connection: this.redis,
      defaultJobOptions: { removeOnComplete: true, removeOnFail: true },
    });
    this.queue.on('error', onError);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.queue.close();
    this.redis.disconnect();
  }

  /** One that is there is left alone: to set it anew would let it begin anew. */
  async ensure(): Promise<void> {
    for (const job of reconciliationJobs) {
      const found = await soon(this.queue.getJobScheduler(job), away);
      if (found?.every === this.intervalMs) continue;
      const template = { name: job, data: { job } };
      const every = { every: this.intervalMs };
      await soon(this.queue.upsertJobScheduler(job, every, template), away);
    }
  }
}
