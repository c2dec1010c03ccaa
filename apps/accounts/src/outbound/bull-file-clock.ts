import { SharedQueue } from '@aisbf/queues';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { faults } from '../domain/faults.js';
import { FileClock } from '../services/file-clock.js';

export const fileQueueName = 'aisbf-files';

/** Redis through BullMQ lets one replica look, at intervals, which files are to go. */
@Injectable()
export class BullFileClock extends FileClock implements OnApplicationShutdown {
  private readonly queue: SharedQueue<Readonly<Record<string, never>>>;

  constructor(
    url: string,
    private readonly intervalMs: number,
    onError: (error: unknown) => void,
  ) {
    super();
    this.queue = new SharedQueue({
      url,
      name: fileQueueName,
      unavailable: faults.FILE_QUEUE_UNAVAILABLE,
      onError,
    });
  }

  async onApplicationShutdown(): Promise<void> {
    await this.queue.close();
  }

  async ensure(): Promise<void> {
    await this.queue.repeat('purge', this.intervalMs, {});
  }
}
