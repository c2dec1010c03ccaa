import { createHash } from 'node:crypto';
import type { Admit, Deadlines, Plan, RequestFacts } from '@aisbf/contracts';
import { Injectable } from '@nestjs/common';
import type { TokenBuyer } from '../domain/buyer.js';
import { type PlanSettings, plan, type RoutePlan } from '../domain/plan.js';
import { toCandidate } from '../domain/plan-message.js';
import { randomFromSeed } from '../domain/weighted-order.js';
import { RouterEvents } from '../events.js';
import { Market } from './market.js';
import { UsualOutputs } from './usual-outputs.js';

export class PlanningSettings {
  constructor(
    readonly plan: PlanSettings,
    readonly deadlines: Deadlines,
    readonly attemptsMax: number,
    /** Longer than a request may take, so that no hold expires under a running one. */
    readonly holdTtlMs: number,
  ) {}
}

export type Planned = Readonly<{
  route: RoutePlan;
  plannedAtMs: number;
  holdExpiresAtMs: number;
  buyerMark: string;
}>;

/** The money is there. */
export type Held = Pick<Plan, 'holdEpoch' | 'ticket'>;

/** Plans a request with what is known of the market at this moment. */
@Injectable()
export class Planning {
  constructor(
    private readonly market: Market,
    private readonly outputs: UsualOutputs,
    private readonly settings: PlanningSettings,
    private readonly events: RouterEvents,
  ) {}

  /** The request's id seeds its dice: the same request in the same market gets the same plan. */
  plan(requestId: string, buyer: TokenBuyer, facts: RequestFacts): Planned {
    const planned = this.events.planStarted();
    const around = this.market.around();
    const route = plan({
      facts,
      buyer,
      catalogue: this.market.catalogue(),
      around,
      random: randomFromSeed(requestId),
      usualOutputOf: (model) => this.outputs.of(buyer.apiTokenId, model),
      settings: this.settings.plan,
    });
    planned();
    const plannedAtMs = around.nowMs;
    const holdExpiresAtMs = plannedAtMs + this.settings.holdTtlMs;
    return { route, plannedAtMs, holdExpiresAtMs, buyerMark: buyerMark(buyer) };
  }

  /** What the gateway is told, once the money is there. */
  toPlan({ requestId, facts }: Admit, planned: Planned, { holdEpoch, ticket }: Held): Plan {
    const { route, holdExpiresAtMs } = planned;
    return {
      requestId,
      holdEpoch,
      holdAmount: route.holdAmount.toString(),
      ticket,
      holdExpiresAtMs,
      candidates: route.candidates.map((upstream) =>
        toCandidate(upstream, facts, route.holdAmount),
      ),
      attemptsMax: Math.min(this.settings.attemptsMax, route.candidates.length),
      rejections: [...route.rejections],
      deadlines: this.settings.deadlines,
      buyerMark: planned.buyerMark,
    };
  }
}

/** One way, and enough of it that two buyers hardly ever share a place in a queue. */
function buyerMark({ ownerId }: TokenBuyer): string {
  return createHash('sha256').update(ownerId).digest('base64url').slice(0, 16);
}
