import { AttemptEnded, subjects, type Usage, UsageSettled } from '@aisbf/contracts';
import { Log, NatsBus } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import { Allowances } from '../services/allowances.js';
import { LiveHealth } from '../services/live-health.js';
import { RateLimits } from '../services/rate-limits.js';

/** Hears what has happened elsewhere and changes what the next plan is made with. */
@Injectable()
export class FactListener {
  constructor(
    private readonly bus: NatsBus,
    private readonly health: LiveHealth,
    private readonly rates: RateLimits,
    private readonly allowances: Allowances,
    private readonly log: Log,
  ) {}

  start(): void {
    this.bus.subscribe(subjects.attemptEnded, AttemptEnded, (ended) =>
      this.health.onAttemptEnded(ended),
    );
    this.bus.subscribe(subjects.usageSettled, UsageSettled, ({ usages }) => {
      for (const usage of usages) this.onUsage(usage);
    });
  }

  private onUsage({ apiTokenId, requestId, leaseId, units }: Usage): void {
    if (leaseId !== null) this.allowances.ended(leaseId, requestId);
    const tokens = (units.completion_token ?? 0) + (units.reasoning_token ?? 0);
    if (tokens === 0) return;
    this.rates.spend({ apiTokenId, requestId, tokens }).catch((error: unknown) => {
      this.log.debug({ error, requestId }, "a request's output was not counted");
    });
  }
}
