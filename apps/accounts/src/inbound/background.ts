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
  private readonly timers = new Set<NodeJS.Timeout>();
  private readonly running = new Set<Promise<void>>();
  private isStopped = false;

  constructor(
    private readonly jobs: BackgroundJobs,
    private readonly events: LedgerEvents,
  ) {}

  start(): void {
    for (const job of this.jobs.all) this.repeat(job);
  }

  async onApplicationShutdown(): Promise<void> {
    this.isStopped = true;
    for (const timer of this.timers) clearTimeout(timer);
    await Promise.all(this.running);
  }

  private repeat(job: BackgroundJob): void {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      const run = this.run(job).finally(() => {
        this.running.delete(run);
        if (!this.isStopped) this.repeat(job);
      });
      this.running.add(run);
    }, job.intervalMs);
    this.timers.add(timer);
  }

  private async run({ what, run }: BackgroundJob): Promise<void> {
    try {
      await run();
    } catch (error) {
      this.events.failed(what, error);
    }
  }
}
