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
  private timer: NodeJS.Timeout | undefined;
  private round: Promise<void> | undefined;
  private isStopped = false;

  constructor(
    private readonly relay: ActRelay,
    private readonly settings: ActTendingSettings,
  ) {}

  onApplicationBootstrap(): void {
    this.carryLater();
  }

  async onApplicationShutdown(): Promise<void> {
    this.isStopped = true;
    clearTimeout(this.timer);
    await this.round;
  }

  private carryLater(): void {
    this.timer = setTimeout(() => this.carry(), this.settings.intervalMs);
  }

  private carry(): void {
    this.round = this.relay.relay().finally(() => {
      if (!this.isStopped) this.carryLater();
    });
  }
}
