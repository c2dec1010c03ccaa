import { Injectable } from '@nestjs/common';
import { CredentialUpkeep } from '../services/credential-upkeep.js';

export class CredentialTendingSettings {
  constructor(readonly intervalMs: number) {}
}

/** Keeps all credentials under the current key, some time after each start and again and again. */
@Injectable()
export class CredentialTending {
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;

  constructor(
    private readonly upkeep: CredentialUpkeep,
    private readonly settings: CredentialTendingSettings,
  ) {}

  start(): void {
    this.begin(() => this.upkeep.count());
    this.timer = setInterval(
      () => this.begin(() => this.upkeep.rewrapAll()),
      this.settings.intervalMs,
    );
  }

  /** Resolves when nothing is under way any more. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.running;
  }

  /** Never beside itself. */
  private begin(work: () => Promise<void>): void {
    this.running ??= work().finally(() => {
      this.running = undefined;
    });
  }
}
