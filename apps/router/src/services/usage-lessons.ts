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

  learn(usages: readonly Usage[]): void {
    for (const usage of usages) {
      const { requestId, leaseId } = usage;
      this.outputs.learn(usage);
      this.watch.learn(usage);
      if (leaseId !== null) this.allowances.ended(leaseId, requestId);
    }
    for (const [apiTokenId, ended] of Map.groupBy(usages, (usage) => usage.apiTokenId)) {
      this.count(apiTokenId, ended);
    }
  }

  /** All of one API token in one go: a busy one has a hundred in every message. */
  private count(apiTokenId: string, ended: readonly Usage[]): void {
    const requests = ended
      .map(({ requestId, units }) => {
        const tokens = (units.completion_token ?? 0) + (units.reasoning_token ?? 0);
        return { requestId, tokens };
      })
      .filter(({ tokens }) => tokens > 0);
    if (requests.length === 0) return;
    this.rates.spend({ apiTokenId, requests }).catch((error: unknown) => {
      this.log.debug({ error, apiTokenId }, 'what requests have produced was not counted');
    });
  }
}
