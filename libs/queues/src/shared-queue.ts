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

/** How often something is done, and when next. */
export type Repeated = Readonly<{ everyMs: number; nextAtMs: number }>;

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
    await this.repeatAnew(name, every, data);
  }

  /** Has something done at once and then at intervals, whatever there was. */
  async repeatAnew(name: string, every: number, data: Data): Promise<void> {
    await this.soon(this.queue.upsertJobScheduler(name, { every }, { name, data }));
  }

  /** All that is done at intervals, by name. */
  async repeated(): Promise<ReadonlyMap<string, Repeated>> {
    const found = await this.soon(this.queue.getJobSchedulers());
    return new Map(
      found.map(({ key, every, next }) => [key, { everyMs: every ?? 0, nextAtMs: next ?? 0 }]),
    );
  }

  /** What is under way may end. */
  async stopRepeating(name: string): Promise<void> {
    await this.soon(this.queue.removeJobScheduler(name));
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
