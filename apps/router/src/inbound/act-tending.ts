import { Repeating } from '@aisbf/platform';
import {
  Injectable,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { ActRelay } from '../services/act-relay.js';

export class ActTendingSettings {
  constructor(readonly intervalMs: number) {}
}

/** Has acts carried to the record, one round after the other. */
@Injectable()
export class ActTending implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly repeating: Repeating;

  constructor(relay: ActRelay, settings: ActTendingSettings) {
    this.repeating = new Repeating(() => relay.relay(), settings.intervalMs);
  }

  onApplicationBootstrap(): void {
    this.repeating.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.repeating.stop();
  }
}
