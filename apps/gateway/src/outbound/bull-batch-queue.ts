import type { DueBatches } from '@aisbf/contracts';
import { SharedQueue } from '@aisbf/queues';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { faults } from '../domain/faults.js';
import { BatchQueue } from '../services/batch-store.js';

export const batchQueueName = 'aisbf-batches';

/** Redis through BullMQ: gateways share the work. What it forgets, the next look at accounts finds. */
@Injectable()
export class BullBatchQueue extends BatchQueue implements OnApplicationShutdown {
  private readonly queue: SharedQueue<Readonly<{ batchId: string }>>;

  constructor(url: string, onError: (error: unknown) => void) {
    super();
    const unavailable = faults.BATCH_QUEUE_UNAVAILABLE;
    this.queue = new SharedQueue({ url, name: batchQueueName, unavailable, onError });
  }

  async onApplicationShutdown(): Promise<void> {
    await this.queue.close();
  }

  /** A batch is there once for each time that somebody takes it up: after each there may be more to do. */
  async add(batches: DueBatches['batches']): Promise<void> {
    const jobs = batches.map(({ batchId, claims }) => ({
      name: 'advance',
      data: { batchId },
      opts: { jobId: `${batchId}-${claims}` },
    }));
    if (jobs.length > 0) await this.queue.add(jobs);
  }
}
