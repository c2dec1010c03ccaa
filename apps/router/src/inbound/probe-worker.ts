import { ProbeKind } from '@aisbf/contracts';
import { type QueueJob, queueConnection, SharedWorker } from '@aisbf/queues';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { z } from 'zod';
import { ProbeEvents } from '../probe-events.js';
import { ProbeRounds } from '../services/probe-rounds.js';
import { Prober } from '../services/prober.js';

export class ProbeWorkerSettings {
  constructor(
    readonly queueName: string,
    readonly url: string,
    /** Probes that one replica makes at once. */
    readonly concurrency: number,
    readonly stallMs: number,
  ) {}
}

/** A round of a provider, or one probe. Another version of the router may have put it there. */
const ProbeJob = z.object({
  kind: ProbeKind,
  providerId: z.string(),
  revision: z.int().min(0),
  target: z.object({ sessionId: z.string().nullable(), model: z.string().nullable() }).optional(),
});

/** Makes the probes that the queue gives this replica. One that comes to nothing is not kept: a later round asks again. */
@Injectable()
export class ProbeWorker implements OnApplicationShutdown {
  private worker: SharedWorker<unknown> | undefined;

  constructor(
    private readonly settings: ProbeWorkerSettings,
    private readonly rounds: ProbeRounds,
    private readonly prober: Prober,
    private readonly events: ProbeEvents,
  ) {}

  start(): void {
    const { queueName, url, concurrency, stallMs } = this.settings;
    this.worker = new SharedWorker({
      ...{ queueName, concurrency, stallMs },
      connection: queueConnection(url),
      work: (job) => this.work(job),
      onError: (error) => this.events.failed('queue', error),
      onFailed: (_job, error) => this.events.failed('probe', error),
    });
    this.worker.start();
  }

  async onApplicationShutdown(): Promise<void> {
    this.prober.stop();
    await this.worker?.close();
  }

  private async work({ data }: QueueJob<unknown>): Promise<void> {
    const { kind, providerId, revision, target } = ProbeJob.parse(data);
    if (target) await this.prober.probe({ kind, providerId, ...target }, revision);
    else await this.rounds.make({ kind, providerId, revision });
  }
}
