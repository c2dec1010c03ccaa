import { Principals } from '@aisbf/access';
import type { Admit, Plan } from '@aisbf/contracts';
import { Injectable } from '@nestjs/common';
import { toBuyer } from '../domain/buyer.js';
import { requireOwnPath } from '../domain/own-path.js';
import { RouterEvents } from '../events.js';
import { HoldDesk } from './hold-desk.js';
import { Planning } from './planning.js';
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
    const { requestId, apiToken, pathUsername, clientAddress, facts } = request;
    const buyer = toBuyer(await this.principals.require(apiToken, 'inference', clientAddress));
    requireOwnPath(buyer, pathUsername);
    const planned = this.planning.plan(requestId, buyer, facts);
    await this.rates.take(buyer, facts.promptTokens);
    const held = await this.desk.hold(request, buyer, planned);
    return this.planning.toPlan(request, planned, held);
  }
}
