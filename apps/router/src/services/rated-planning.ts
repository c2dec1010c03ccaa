import type { Admit } from '@aisbf/contracts';
import { Fault } from '@aisbf/faults';
import { Injectable } from '@nestjs/common';
import type { TokenBuyer } from '../domain/buyer.js';
import { faults } from '../domain/faults.js';
import { type Barred, OwnerRates } from './owner-rates.js';
import { type Planned, Planning } from './planning.js';

/** Plans a request among those whose owners let the buyer in at this moment. */
@Injectable()
export class RatedPlanning {
  constructor(
    private readonly planning: Planning,
    private readonly rates: OwnerRates,
  ) {}

  /** Ends: each round leaves out one provider more, and without any the plan is refused. */
  async plan(request: Admit, buyer: TokenBuyer): Promise<Planned> {
    const { requestId, facts } = request;
    const asker = { requestId, ownerId: buyer.ownerId, promptTokens: facts.promptTokens };
    const barred = new Map<string, Barred>();
    for (;;) {
      const planned = this.planOrRefuse(request, buyer, barred);
      const { candidates } = planned.route;
      const refused = await this.rates
        .take(asker, candidates.slice(0, planned.attemptsMax))
        .catch((error: unknown) => {
          this.abandon(requestId, planned);
          throw error;
        });
      if (refused.size === 0) return planned;
      this.planning.abandon(planned);
      for (const [providerId, why] of refused) barred.set(providerId, why);
    }
  }

  /** Nobody will be asked by this plan. */
  abandon(requestId: string, planned: Planned): void {
    this.rates.release(requestId);
    this.planning.abandon(planned);
  }

  private planOrRefuse(
    { requestId, facts }: Admit,
    buyer: TokenBuyer,
    barred: ReadonlyMap<string, Barred>,
  ): Planned {
    try {
      return this.planning.plan(requestId, buyer, facts, (id) => barred.get(id)?.reason);
    } catch (error) {
      this.rates.release(requestId);
      const waits = [...barred.values()].map(({ retryAfterMs }) => retryAfterMs);
      if (!(error instanceof Fault) || error.code !== 'PROVIDER_RATE_REACHED') throw error;
      throw faults.PROVIDER_RATE_REACHED({ retryAfterMs: Math.min(...waits) }, { cause: error });
    }
  }
}
