import type { Admit, Plan } from '@aisbf/contracts';
import { Injectable } from '@nestjs/common';
import { requireOwnPath } from '../domain/own-path.js';
import { toTerms } from '../domain/plan-message.js';
import { RouterEvents } from '../events.js';
import { Accounts } from './accounts.js';
import { Planning } from './planning.js';
import { Principals } from './principals.js';
import { RateCheck } from './rate-check.js';

/** Admits a request: who asks, who may serve, how fast, and with whose money set aside. */
@Injectable()
export class Admission {
  constructor(
    private readonly principals: Principals,
    private readonly planning: Planning,
    private readonly rates: RateCheck,
    private readonly accounts: Accounts,
    private readonly events: RouterEvents,
  ) {}

  async admit(request: Admit): Promise<Plan> {
    try {
      const admitted = await this.decide(request);
      this.events.admitted();
      return admitted;
    } catch (error) {
      this.events.notAdmitted(error);
      throw error;
    }
  }

  private async decide({ requestId, apiToken, pathUsername, facts }: Admit): Promise<Plan> {
    const principal = await this.principals.require(apiToken, 'inference');
    requireOwnPath(principal, pathUsername);
    const planned = this.planning.plan(requestId, principal, facts);
    await this.rates.take(principal, facts.promptTokens);
    const authorised = await this.accounts.authorise({
      type: 'authorise',
      requestId,
      apiTokenId: principal.apiTokenId,
      ownerId: principal.ownerId,
      amount: planned.route.holdAmount.toString(),
      expiresAtMs: planned.holdExpiresAtMs,
      concurrencyMax: principal.limits.concurrencyMax,
      route: facts.route,
      isStream: facts.isStream,
      terms: planned.route.candidates.map(toTerms),
      rejections: [...planned.route.rejections],
    });
    return this.planning.toPlan(planned, authorised);
  }
}
