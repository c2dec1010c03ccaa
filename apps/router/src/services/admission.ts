import { Principals, requireOwnPath } from '@aisbf/access';
import type { Admit, Explain, Plan, RouteExplanation } from '@aisbf/contracts';
import { Injectable } from '@nestjs/common';
import { toBuyer } from '../domain/buyer.js';
import { RouterEvents } from '../events.js';
import { HoldDesk } from './hold-desk.js';
import { Planning } from './planning.js';
import { RateCheck } from './rate-check.js';
import { RatedPlanning } from './rated-planning.js';

/** Admits a request: who asks, who may serve, how fast, and with whose money set aside. */
@Injectable()
export class Admission {
  constructor(
    private readonly principals: Principals,
    private readonly planning: Planning,
    private readonly rated: RatedPlanning,
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

  /** What would become of a request. Nothing is held for it, and nothing counts. */
  async explain(question: Explain): Promise<RouteExplanation> {
    const { seed, apiToken, pathUsername, clientAddress, facts } = question;
    const buyer = toBuyer(await this.principals.require(apiToken, 'inference', clientAddress));
    requireOwnPath(buyer, pathUsername);
    return this.planning.explain(seed, buyer, facts);
  }

  private async decide(request: Admit): Promise<Plan> {
    const { requestId, apiToken, pathUsername, clientAddress, facts } = request;
    const buyer = toBuyer(await this.principals.require(apiToken, 'inference', clientAddress));
    requireOwnPath(buyer, pathUsername);
    const planned = await this.rated.plan(request, buyer);
    try {
      await this.rates.take(buyer, facts.promptTokens);
      const held = await this.desk.hold(request, buyer, planned);
      return this.planning.toPlan(request, planned, held);
    } catch (error) {
      this.rated.abandon(requestId, planned);
      throw error;
    }
  }
}
