import type { Usage } from '@aisbf/contracts';
import { Log } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import { Allowances } from './allowances.js';
import { RateLimits } from './rate-limits.js';
import { UsageWatch } from './usage-watch.js';
import { UsualOutputs } from './usual-outputs.js';

/** What is learned from each request whose money has moved. */
@Injectable()
export class UsageLessons {
  constructor(
    private readonly allowances: Allowances,
    private readonly outputs: UsualOutputs,
    private readonly watch: UsageWatch,
    private readonly rates: RateLimits,
    private readonly log: Log,
  ) {}

  learn(usage: Usage): void {
    const { apiTokenId, requestId, leaseId, units } = usage;
    this.outputs.learn(usage);
    this.watch.learn(usage);
    if (leaseId !== null) this.allowances.ended(leaseId, requestId);
    const tokens = (units.completion_token ?? 0) + (units.reasoning_token ?? 0);
    if (tokens === 0) return;
    this.rates.spend({ apiTokenId, requestId, tokens }).catch((error: unknown) => {
      this.log.debug({ error, requestId }, "a request's output was not counted");
    });
  }
}
