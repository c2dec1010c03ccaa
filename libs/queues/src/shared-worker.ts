import { setTimeout as delay } from 'node:timers/promises';
import { type ConnectionOptions, type Job, Worker } from 'bullmq';

/** What a worker is given to do. */
export type QueueJob<Data> = Job<Data>;

/** Less than a replica has to leave; what is cut off is taken up by whoever looks next. */
const closeMsMax = 10_000;

export type SharedWorkerOptions<Data> = Readonly<{
  queueName: string;
  connection: ConnectionOptions;
  /** Jobs that this replica does at once. */
  concurrency: number;
  /** After this long a job of a replica that has died is somebody else's; absent is half a minute. */
  stallMs?: number;
  work: (job: Job<Data>) => Promise<void>;
  onError: (error: unknown) => void;
  onFailed: (job: Job<Data> | undefined, error: unknown) => void;
}>;

/** A replica's part in a queue of BullMQ. A job that fails is not kept: what is due is found again. */
export class SharedWorker<Data> {
  private readonly worker: Worker<Data>;

  constructor(private readonly options: SharedWorkerOptions<Data>) {
    const { queueName, connection, concurrency, work, onError, onFailed, stallMs } = options;
    this.worker = new Worker(queueName, work, {
      connection,
      concurrency,
      autorun: false,
      ...(stallMs !== undefined && { lockDuration: stallMs, stalledInterval: stallMs }),
    });
    this.worker.on('error', onError);
    this.worker.on('failed', onFailed);
  }

  start(): void {
    this.worker.run().catch(this.options.onError);
  }

  /** Running jobs may end. */
  async close(): Promise<void> {
    // A Redis that is away would be waited for without end.
    const timer = new AbortController();
    const late = delay(closeMsMax, undefined, { signal: timer.signal, ref: false });
    await Promise.race([this.worker.close(), late.catch(() => undefined)]);
    timer.abort();
  }
}
