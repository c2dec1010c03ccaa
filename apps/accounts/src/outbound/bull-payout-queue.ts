import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { type ConnectionOptions, Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { faults } from '../domain/faults.js';
import { PayoutQueue } from '../services/payout-store.js';

/** Redis answers within milliseconds. */
const waitMsMax = 2_000;

export const payoutQueueName = 'aisbf-payouts';

/** What the queue carries: work by the clock, and single payouts. */
export type PayoutJob = Readonly<{ payoutId?: string }>;

export type PayoutQueueOptions = Readonly<{
  url: string;
  runIntervalMs: number;
  sweepIntervalMs: number;
}>;

export function payoutConnection(url: string): ConnectionOptions {
  return { url, maxRetriesPerRequest: null };
}

/**
 * Redis through BullMQ: several replicas share the work, and each run and sweep is done by one of them. What it
 * forgets, the next sweep finds in Postgres.
 */
@Injectable()
export class BullPayoutQueue extends PayoutQueue implements OnApplicationShutdown {
  private readonly queue: Queue<PayoutJob>;
  /** Its own, so that it can be given up: BullMQ would say goodbye to a Redis that is away. */
  private readonly redis: Redis;

  constructor(
    private readonly options: PayoutQueueOptions,
    onError: (error: unknown) => void,
  ) {
    super();
    this.redis = new Redis(options.url, { maxRetriesPerRequest: null });
    this.redis.on('error', onError);
    this.queue = new Queue(payoutQueueName, {
      connection: this.redis,
      defaultJobOptions: { removeOnComplete: true, removeOnFail: true },
    });
    this.queue.on('error', onError);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.queue.close();
    this.redis.disconnect();
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
    await soon(this.queue.addBulk(jobs));
  }

  async ensure(): Promise<void> {
    await soon(this.schedule('run', this.options.runIntervalMs));
    await soon(this.schedule('sweep', this.options.sweepIntervalMs));
  }

  /** One that is there is left alone: to set it anew would let it begin anew. */
  private async schedule(name: string, every: number): Promise<void> {
    const found = await this.queue.getJobScheduler(name);
    if (found?.every !== every) await this.queue.upsertJobScheduler(name, { every }, { name });
  }
}

/** Redis that is away would be waited for without end: whoever adds hears so, and the next sweep adds again. */
export async function soon<Result>(
  work: Promise<Result>,
  unavailable: () => Error = faults.PAYOUT_QUEUE_UNAVAILABLE,
): Promise<Result> {
  const timer = new AbortController();
  const late = delay(waitMsMax, undefined, { signal: timer.signal }).then(() => {
    throw unavailable();
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    timer.abort();
    late.catch(() => undefined);
  }
}
