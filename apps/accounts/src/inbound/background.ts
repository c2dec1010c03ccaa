import { Repeating } from '@aisbf/platform';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { LedgerEvents } from '../services/ledger-events.js';

export type BackgroundJob = Readonly<{
  what: string;
  intervalMs: number;
  run: () => Promise<unknown>;
}>;

export function job(what: string, intervalMs: number, run: () => Promise<unknown>): BackgroundJob {
  return { what, intervalMs, run };
}

/** What is to be done in the background, or one area's part of it. Also the DI token. */
export class BackgroundJobs {
  constructor(readonly all: readonly BackgroundJob[]) {}
}

/** The work that no request asks for. Each job runs again some time after it ended, never beside itself. */
@Injectable()
export class Background implements OnApplicationShutdown {
  private readonly repeating: readonly Repeating[];

  constructor(
    jobs: BackgroundJobs,
    private readonly events: LedgerEvents,
  ) {
    this.repeating = jobs.all.map((job) => new Repeating(() => this.run(job), job.intervalMs));
  }

  start(): void {
    for (const one of this.repeating) one.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all(this.repeating.map((one) => one.stop()));
  }

  private async run({ what, run }: BackgroundJob): Promise<void> {
    try {
      await run();
    } catch (error) {
      this.events.failed(what, error);
    }
  }
}
