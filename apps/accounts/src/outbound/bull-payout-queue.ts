import { SharedQueue } from '@aisbf/queues';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { faults } from '../domain/faults.js';
import { PayoutQueue } from '../services/payout-store.js';

export const payoutQueueName = 'aisbf-payouts';

/** What the queue carries: work by the clock, and single payouts. */
type PayoutJob = Readonly<{ payoutId?: string }>;

export type PayoutQueueOptions = Readonly<{
  url: string;
  runIntervalMs: number;
  sweepIntervalMs: number;
}>;

/**
 * Redis through BullMQ: several replicas share the work, and each run and sweep is done by one of them. What it
 * forgets, the next sweep finds in Postgres.
 */
@Injectable()
export class BullPayoutQueue extends PayoutQueue implements OnApplicationShutdown {
  private readonly queue: SharedQueue<PayoutJob>;

  constructor(
    private readonly options: PayoutQueueOptions,
    onError: (error: unknown) => void,
  ) {
    super();
    this.queue = new SharedQueue({
      url: options.url,
      name: payoutQueueName,
      unavailable: faults.PAYOUT_QUEUE_UNAVAILABLE,
      onError,
    });
  }

  async onApplicationShutdown(): Promise<void> {
    await this.queue.close();
  }

  /** The same step of a payout is there once: whoever sees it again has nothing to add. */
  async add(
    payouts: readonly Readonly<{ id: string; sends: number; looks: number }>[],
  ): Promise<void> {
    const jobs = payouts.map(({ id, sends, looks }) => ({
      name: 'advance',
      data: { payoutId: id },
      opts: { jobId: `${id}-${sends}-${looks}` },
    }));
    await this.queue.add(jobs);
  }

  async ensure(): Promise<void> {
    await this.queue.repeat('run', this.options.runIntervalMs, {});
    await this.queue.repeat('sweep', this.options.sweepIntervalMs, {});
  }
}
