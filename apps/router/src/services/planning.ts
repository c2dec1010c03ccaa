import { createHash } from 'node:crypto';
import type { Admit, Deadlines, Plan, RequestFacts, RouteExplanation } from '@aisbf/contracts';
import { Injectable } from '@nestjs/common';
import type { TokenBuyer } from '../domain/buyer.js';
import type { RotationLimits } from '../domain/catalogue.js';
import { toExplained } from '../domain/explained-candidate.js';
import {
  consider,
  type PlanInput,
  type PlanSettings,
  plan,
  type RoutePlan,
} from '../domain/plan.js';
import { toCandidate, toRejection } from '../domain/plan-message.js';
import type { Surroundings } from '../domain/upstream.js';
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
    /** How long a session may last. Its hold is renewed while it does. */
    readonly sessionMs: number,
  ) {}
}

export type Planned = Readonly<{
  route: RoutePlan;
  plannedAtMs: number;
  holdExpiresAtMs: number;
  attemptsMax: number;
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
  plan(
    requestId: string,
    buyer: TokenBuyer,
    facts: RequestFacts,
    barredOf: NonNullable<Surroundings['barredOf']>,
  ): Planned {
    const planned = this.events.planStarted();
    const around = { ...this.market.around(), barredOf };
    const route = plan(this.inputOf(requestId, buyer, facts, around));
    planned();
    if (route.trial !== undefined) this.market.beginTrial(route.trial);
    this.events.selected(requestId, route.selections);
    const plannedAtMs = around.nowMs;
    const holdExpiresAtMs = plannedAtMs + this.settings.holdTtlMs;
    const attemptsMax = this.attemptsMax(route);
    return { route, plannedAtMs, holdExpiresAtMs, attemptsMax, buyerMark: buyerMark(buyer) };
  }

  /** Nobody will be asked by this plan. */
  abandon({ route }: Planned): void {
    if (route.trial !== undefined) this.market.endTrial(route.trial);
  }

  /** What the plan would be, and what it is made of. */
  explain(seed: string, buyer: TokenBuyer, facts: RequestFacts): RouteExplanation {
    const around = this.market.around();
    const { refused, ...route } = consider(this.inputOf(seed, buyer, facts, around));
    return {
      object: 'route.explanation',
      route: facts.route,
      seed,
      candidates: route.candidates.map((upstream) => toExplained(upstream, facts, around, route)),
      rejections: [...route.rejections],
      attemptsMax: this.attemptsMax(route),
      holdAmount: refused ? null : route.holdAmount.toString(),
      deadlines: this.deadlines(facts, route.limits),
      ...hedgeOf(route),
      ...(route.selections.length > 0 && { selections: [...route.selections] }),
      refusal: refused ? { code: refused.code.toLowerCase(), message: refused.message } : null,
    };
  }

  private inputOf(
    seed: string,
    buyer: TokenBuyer,
    facts: RequestFacts,
    around: Surroundings,
  ): PlanInput {
    return {
      facts,
      buyer,
      catalogue: this.market.catalogue(),
      around,
      random: randomFromSeed(seed),
      usualOutputOf: (model) => this.outputs.of(buyer.apiTokenId, model),
      settings: this.settings.plan,
    };
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
      candidates: route.candidates.map((upstream) => toCandidate(upstream, facts, route)),
      attemptsMax: planned.attemptsMax,
      rejections: route.rejections.map(toRejection),
      deadlines: this.deadlines(facts, route.limits),
      ...hedgeOf(route),
      buyerMark: planned.buyerMark,
    };
  }

  private attemptsMax({ candidates, limits, isOneOnly }: RoutePlan): number {
    if (isOneOnly) return 1;
    return Math.min(atMost(limits?.attemptsMax, this.settings.attemptsMax), candidates.length);
  }

  private deadlines({ endpoint }: RequestFacts, limits: RotationLimits | undefined): Deadlines {
    const { firstByteMs, idleMs, totalMs } = this.settings.deadlines;
    return {
      firstByteMs: atMost(limits?.firstByteMs, firstByteMs),
      idleMs,
      // What a rotation says of requests is not meant for sessions.
      totalMs: endpoint === 'realtime' ? this.settings.sessionMs : atMost(limits?.totalMs, totalMs),
    };
  }
}

/** What a rotation says is said to the gateway, which knows whether a request is short enough. */
function hedgeOf({ limits, isOneOnly }: RoutePlan) {
  const afterMs = limits?.hedgeAfterMs ?? null;
  return afterMs === null || isOneOnly ? {} : { hedge: { afterMs } };
}

/** A rotation may want less than the installation allows, never more. */
function atMost(wished: number | null | undefined, allowed: number): number {
  return Math.min(wished ?? allowed, allowed);
}

/** One way, and enough of it that two buyers hardly ever share a place in a queue. */
function buyerMark({ ownerId }: TokenBuyer): string {
  return createHash('sha256').update(ownerId).digest('base64url').slice(0, 16);
}
