import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { ProbeEvents } from '../probe-events.js';
import { ProbeRounds } from '../services/probe-rounds.js';
import { ProbeWorker } from './probe-worker.js';

export class ProbeTendingSettings {
  constructor(
    readonly isOn: boolean,
    readonly intervalMs: number,
  ) {}
}

/** Keeps the rounds in step with the catalogue, one look after the other, and takes part in making them. */
@Injectable()
export class ProbeTending implements OnApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;
  private look: Promise<void> | undefined;
  private isStopped = false;

  constructor(
    private readonly settings: ProbeTendingSettings,
    private readonly rounds: ProbeRounds,
    private readonly worker: ProbeWorker,
    private readonly events: ProbeEvents,
  ) {}

  start(): void {
    if (!this.settings.isOn) return;
    this.worker.start();
    this.tend();
  }

  async onApplicationShutdown(): Promise<void> {
    this.isStopped = true;
    clearTimeout(this.timer);
    await this.look;
  }

  private tend(): void {
    this.look = this.rounds
      .tend()
      .catch((error: unknown) => this.events.failed('rounds', error))
      .finally(() => {
        if (this.isStopped) return;
        this.timer = setTimeout(() => this.tend(), this.settings.intervalMs);
      });
  }
}
