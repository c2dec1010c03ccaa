import { Repeating } from '@aisbf/platform';
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
  private readonly repeating: Repeating;

  constructor(
    private readonly notes: SelectionNotes,
    settings: SelectionTendingSettings,
  ) {
    this.repeating = new Repeating(() => this.notes.carry(), settings.intervalMs);
  }

  onApplicationBootstrap(): void {
    this.repeating.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.repeating.stop();
    await this.notes.carry();
  }
}
