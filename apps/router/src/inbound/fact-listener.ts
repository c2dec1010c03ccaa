import { AttemptEnded, subjects, UsageSettled } from '@aisbf/contracts';
import { Log, NatsBus } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import { LiveHealth } from '../services/live-health.js';
import { RateLimits } from '../services/rate-limits.js';

/** Hears what has happened elsewhere and changes what the next plan is made with. */
@Injectable()
export class FactListener {
  constructor(
    private readonly bus: NatsBus,
    private readonly health: LiveHealth,
    private readonly rates: RateLimits,
    private readonly log: Log,
  ) {}

  start(): void {
    this.bus.subscribe(subjects.attemptEnded, AttemptEnded, (ended) =>
      this.health.onAttemptEnded(ended),
    );
    this.bus.subscribe(subjects.usageSettled, UsageSettled, (usage) => this.spend(usage));
  }

  private spend({ apiTokenId, requestId, completionTokens }: UsageSettled): void {
    if (completionTokens === 0) return;
    this.rates
      .spend({ apiTokenId, requestId, tokens: completionTokens })
      .catch((error: unknown) => {
        this.log.debug({ error, requestId }, "a request's output was not counted");
      });
  }
}
