import { SharedWorker } from '@aisbf/queues';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { ConnectionOptions, Job } from 'bullmq';
import { PayoutEvents } from '../services/payout-events.js';
import { PayoutUpkeep } from '../services/payout-upkeep.js';
import { Payouts } from '../services/payouts.js';

type PayoutJob = Job<Readonly<{ payoutId?: string }>>;

/** How a replica takes part in the queue. Also the DI token. */
export class PayoutWorkerSettings {
  constructor(
    readonly queueName: string,
    readonly connection: ConnectionOptions,
    /** Payouts that one replica looks after at once; each is a call to the provider. */
    readonly concurrency: number,
  ) {}
}

/** Does what the queue carries. A job that fails is not kept: the next sweep finds its payout again. */
@Injectable()
export class PayoutWorker implements OnApplicationShutdown {
  private readonly worker: SharedWorker<PayoutJob['data']>;

  constructor(
    settings: PayoutWorkerSettings,
    private readonly payouts: Payouts,
    private readonly upkeep: PayoutUpkeep,
    events: PayoutEvents,
  ) {
    this.worker = new SharedWorker({
      ...settings,
      work: (job) => this.work(job),
      onError: (error) => events.failed('payout queue', error),
      onFailed: (_job, error) => events.failed('payout', error),
    });
  }

  start(): void {
    this.worker.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.worker.close();
  }

  private async work({ name, data }: PayoutJob): Promise<void> {
    if (name === 'run') await this.upkeep.run();
    else if (name === 'sweep') await this.upkeep.sweep();
    else if (data.payoutId !== undefined) await this.payouts.advance(data.payoutId);
  }
}
