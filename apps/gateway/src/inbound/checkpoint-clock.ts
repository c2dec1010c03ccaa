import { Repeating } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import { CheckpointSettings, Checkpoints } from '../services/checkpoints.js';

/** Has running requests looked at now and then. */
@Injectable()
export class CheckpointClock {
  private readonly rounds: Repeating | undefined;

  constructor(checkpoints: Checkpoints, { everyMs }: CheckpointSettings) {
    this.rounds = everyMs > 0 ? new Repeating(() => checkpoints.round(), everyMs) : undefined;
  }

  start(): void {
    this.rounds?.start();
  }

  async stop(): Promise<void> {
    await this.rounds?.stop();
  }
}
