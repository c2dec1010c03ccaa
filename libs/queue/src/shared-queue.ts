import { setTimeout as delay } from 'node:timers/promises';
import { type BulkJobOptions, type ConnectionOptions, Queue } from 'bullmq';
import { Redis } from 'ioredis';

/** Redis answers within milliseconds. */
const waitMsMax = 2_000;

export type SharedQueueOptions = Readonly<{
  url: string;
  name: string;
  /** What whoever asks is told of a Redis that is away. */
  unavailable: () => Error;
  onError: (error: unknown) => void;
}>;

type NewJob<Data> = Readonly<{ name: string; data: Data; opts: BulkJobOptions }>;

/** For those who work on a queue. */
export function queueConnection(url: string): ConnectionOptions {
  return { url, maxRetriesPerRequest: null };
}

/** A queue of BullMQ whose work the replicas share. What has been done, or has failed, is not kept in it. */
export class SharedQueue<Data> {
  private readonly queue: Queue;
  /** Its own, so that it can be given up: BullMQ would say goodbye to a Redis that is away. */
  private readonly redis: Redis;

  constructor(private readonly options: SharedQueueOptions) {
    const { url, name, onError } = options;
    this.redis = new Redis(url, { maxRetriesPerRequest: null });
    this.redis.on('error', onError);
    this.queue = new Queue(name, {
      connection: this.redis,
      defaultJobOptions: { removeOnComplete: true, removeOnFail: true },
    });
    this.queue.on('error', onError);
  }

  async add(jobs: readonly NewJob<Data>[]): Promise<void> {
    await this.soon(this.queue.addBulk([...jobs]));
  }

  /** Has something done at intervals. What is there already is left alone: to set it anew would begin it anew. */
  async repeat(name: string, every: number, data: Data): Promise<void> {
    const found = await this.soon(this.queue.getJobScheduler(name));
    if (found?.every === every) return;
    await this.soon(this.queue.upsertJobScheduler(name, { every }, { name, data }));
  }

  async close(): Promise<void> {
    await this.queue.close();
    this.redis.disconnect();
  }

  /** Redis that is away would be waited for without end: whoever asks hears so, and may ask again. */
  private async soon<Result>(work: Promise<Result>): Promise<Result> {
    const timer = new AbortController();
    const late = delay(waitMsMax, undefined, { signal: timer.signal }).then(() => {
      throw this.options.unavailable();
    });
    try {
      return await Promise.race([work, late]);
    } finally {
      timer.abort();
      late.catch(() => undefined);
    }
  }
}
