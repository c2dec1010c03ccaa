import { Principals, requireOwnPath } from '@aisbf/access';
import type { AdviceSought, SeekAdvice } from '@aisbf/contracts';
import { Injectable } from '@nestjs/common';
import { toBuyer } from '../domain/buyer.js';
import { soughtAdvice } from '../domain/sought-advice.js';
import { Market } from './market.js';
import { PlanningSettings } from './planning.js';

/** Tells gateways, which alone have prompts, what autoselects want small models to be asked. */
@Injectable()
export class AdviceSeeking {
  constructor(
    private readonly principals: Principals,
    private readonly market: Market,
    private readonly settings: PlanningSettings,
  ) {}

  async sought(question: SeekAdvice): Promise<AdviceSought> {
    const { apiToken, pathUsername, clientAddress, routes } = question;
    const buyer = toBuyer(await this.principals.require(apiToken, 'inference', clientAddress));
    requireOwnPath(buyer, pathUsername);
    const { feeBpsDefault, selectedOffersMax } = this.settings.plan;
    const { sessionsOf, nowMs } = this.market.around();
    const scope = { buyer, catalogue: this.market.catalogue(), sessionsOf, feeBpsDefault, nowMs };
    return { autoselects: soughtAdvice(routes, scope, selectedOffersMax) };
  }
}
