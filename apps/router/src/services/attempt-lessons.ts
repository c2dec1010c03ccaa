import type { AttemptAnswering, AttemptEnded, AttemptOutrun } from '@aisbf/contracts';
import { Injectable } from '@nestjs/common';
import { healthKey } from '../domain/health.js';
import { LiveFailures } from './live-failures.js';
import { LiveHealth } from './live-health.js';
import { LivePace } from './live-pace.js';
import { LiveProbes } from './live-probes.js';
import { Rechecks } from './rechecks.js';

/** What is learned from buyers' requests, as the gateways tell of them. */
@Injectable()
export class AttemptLessons {
  constructor(
    private readonly health: LiveHealth,
    private readonly pace: LivePace,
    private readonly failures: LiveFailures,
    private readonly probes: LiveProbes,
    private readonly rechecks: Rechecks,
  ) {}

  learn(ended: AttemptEnded): void {
    const { providerId, model, sessionId, endpoint, isSuccess } = ended;
    const wasInDoubt =
      this.health.cooldownOf(healthKey(providerId, model, sessionId, endpoint)) !== undefined;
    this.health.onAttemptEnded(ended);
    this.pace.onAttemptEnded(ended);
    this.failures.onAttemptEnded(ended);
    if (!isSuccess) this.rechecks.afterFailure(ended);
    else if (wasInDoubt) this.probes.onServed(ended);
  }

  /** Slow is not ill: nothing of its health. */
  learnOfOutrun(outrun: AttemptOutrun): void {
    this.pace.onOutrun(outrun);
  }

  learnOf(answering: AttemptAnswering): void {
    this.health.onAttemptAnswering(answering);
  }
}
