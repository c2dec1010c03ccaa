import type { Admit, Plan } from '@aisbf/contracts';
import { Injectable } from '@nestjs/common';
import { requireOwnPath } from '../domain/own-path.js';
import { RouterEvents } from '../events.js';
import { HoldDesk } from './hold-desk.js';
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
    private readonly desk: HoldDesk,
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

  private async decide(request: Admit): Promise<Plan> {
    const { requestId, apiToken, pathUsername, facts } = request;
    const principal = await this.principals.require(apiToken, 'inference');
    requireOwnPath(principal, pathUsername);
    const planned = this.planning.plan(requestId, principal, facts);
    await this.rates.take(principal, facts.promptTokens);
    const held = await this.desk.hold(request, principal, planned);
    return this.planning.toPlan(request, planned, held);
  }
}
