import {
  Injectable,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { SelectionNotes } from '../services/selection-notes.js';

export class SelectionTendingSettings {
  constructor(readonly intervalMs: number) {}
}

/** Has the decisions of autoselects told, one round after the other; the last one when the process leaves. */
@Injectable()
export class SelectionTending implements OnApplicationBootstrap, OnApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;
  private round: Promise<void> | undefined;
  private isStopped = false;

  constructor(
    private readonly notes: SelectionNotes,
    private readonly settings: SelectionTendingSettings,
  ) {}

  onApplicationBootstrap(): void {
    this.carryLater();
  }

  async onApplicationShutdown(): Promise<void> {
    this.isStopped = true;
    clearTimeout(this.timer);
    await this.round;
    await this.notes.carry();
  }

  private carryLater(): void {
    this.timer = setTimeout(() => this.carry(), this.settings.intervalMs);
  }

  private carry(): void {
    this.round = this.notes.carry().finally(() => {
      if (!this.isStopped) this.carryLater();
    });
  }
}
