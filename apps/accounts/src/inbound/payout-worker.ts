import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { type ConnectionOptions, type Job, Worker } from 'bullmq';
import { PayoutEvents } from '../services/payout-events.js';
import { PayoutUpkeep } from '../services/payout-upkeep.js';
import { Payouts } from '../services/payouts.js';

/** Less than a replica has to leave; what was cut off is due again soon. */
const closeMsMax = 10_000;

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
  private readonly worker: Worker;

  constructor(
    settings: PayoutWorkerSettings,
    private readonly payouts: Payouts,
    private readonly upkeep: PayoutUpkeep,
    private readonly events: PayoutEvents,
  ) {
    this.worker = new Worker(settings.queueName, (job) => this.work(job), {
      connection: settings.connection,
      concurrency: settings.concurrency,
      autorun: false,
    });
    this.worker.on('error', (error) => this.events.failed('payout queue', error));
    this.worker.on('failed', (_job, error) => this.events.failed('payout', error));
  }

  start(): void {
    this.worker.run().catch((error: unknown) => this.events.failed('payout queue', error));
  }

  async onApplicationShutdown(): Promise<void> {
    // Running steps may end. A Redis that is away would be waited for without end.
    const timer = new AbortController();
    const late = delay(closeMsMax, undefined, { signal: timer.signal, ref: false });
    await Promise.race([this.worker.close(), late.catch(() => undefined)]);
    timer.abort();
  }

  private async work({ name, data }: Job<{ payoutId?: string }>): Promise<void> {
    if (name === 'run') await this.upkeep.run();
    else if (name === 'sweep') await this.upkeep.sweep();
    else if (data.payoutId !== undefined) await this.payouts.advance(data.payoutId);
  }
}
