import { Repeating } from '@aisbf/platform';
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
  private readonly looks: Repeating;

  constructor(
    private readonly settings: ProbeTendingSettings,
    rounds: ProbeRounds,
    private readonly worker: ProbeWorker,
    events: ProbeEvents,
  ) {
    const look = () => rounds.tend().catch((error: unknown) => events.failed('rounds', error));
    this.looks = new Repeating(look, settings.intervalMs);
  }

  start(): void {
    if (!this.settings.isOn) return;
    this.worker.start();
    this.looks.startNow();
  }

  onApplicationShutdown(): Promise<void> {
    return this.looks.stop();
  }
}
