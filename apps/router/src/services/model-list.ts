import { Principals, requireOwnPath } from '@aisbf/access';
import type { CallableModels, CallableRoutes, ListModels, ListRoutes } from '@aisbf/contracts';
import { Injectable } from '@nestjs/common';
import { toBuyer } from '../domain/buyer.js';
import { callableAutoselects } from '../domain/callable-autoselects.js';
import { callableImports } from '../domain/callable-imports.js';
import { callableModels } from '../domain/callable-models.js';
import { callableRoutes } from '../domain/callable-routes.js';
import { Market } from './market.js';
import { PlanningSettings } from './planning.js';

/** As many lines as the answer's form takes. */
const linesMax = 100_000;

type Caller = Omit<ListModels, 'type'>;

/** What an API token can call. */
@Injectable()
export class ModelList {
  constructor(
    private readonly principals: Principals,
    private readonly market: Market,
    private readonly settings: PlanningSettings,
  ) {}

  async list({ apiToken, pathUsername, clientAddress }: ListModels): Promise<CallableModels> {
    const { paceOf, ...scope } = await this.scopeOf({ apiToken, pathUsername, clientAddress });
    const models = [...callableModels(scope, linesMax, paceOf), ...callableImports(scope, paceOf)];
    // Without anything to select from there is nothing to be selected.
    const autoselects = models.length > 0 ? callableAutoselects(scope) : [];
    return { models: [...models, ...autoselects].slice(0, linesMax) };
  }

  /** The same by whom and by what it is called. */
  async routes({ apiToken, pathUsername, clientAddress }: ListRoutes): Promise<CallableRoutes> {
    const { paceOf: _pace, ...scope } = await this.scopeOf({
      apiToken,
      pathUsername,
      clientAddress,
    });
    return callableRoutes(scope, linesMax);
  }

  private async scopeOf({ apiToken, pathUsername, clientAddress }: Caller) {
    const buyer = toBuyer(await this.principals.require(apiToken, 'inference', clientAddress));
    requireOwnPath(buyer, pathUsername);
    const { feeBpsDefault } = this.settings.plan;
    const { sessionsOf, paceOf, nowMs } = this.market.around();
    const catalogue = this.market.catalogue();
    return { buyer, catalogue, sessionsOf, paceOf, feeBpsDefault, nowMs };
  }
}
