import type { AttemptAnswering, AttemptEnded } from '@aisbf/contracts';
import { Injectable } from '@nestjs/common';
import { LiveHealth } from './live-health.js';
import { LivePace } from './live-pace.js';
import { Rechecks } from './rechecks.js';

/** What is learned from buyers' requests, as the gateways tell of them. */
@Injectable()
export class AttemptLessons {
  constructor(
    private readonly health: LiveHealth,
    private readonly pace: LivePace,
    private readonly rechecks: Rechecks,
  ) {}

  learn(ended: AttemptEnded): void {
    this.health.onAttemptEnded(ended);
    this.pace.onAttemptEnded(ended);
    if (!ended.isSuccess) this.rechecks.afterFailure(ended);
  }

  learnOf(answering: AttemptAnswering): void {
    this.health.onAttemptAnswering(answering);
  }
}
