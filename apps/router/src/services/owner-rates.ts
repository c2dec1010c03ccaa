import type { Usage } from '@aisbf/contracts';
import { Fault } from '@aisbf/faults';
import { Injectable } from '@nestjs/common';
import { hasRates } from '../domain/provider-policy.js';
import type { RateRejection, Upstream } from '../domain/upstream.js';
import { RouterEvents } from '../events.js';
import { type ProviderDemand, ProviderRates } from './provider-rates.js';

export class OwnerRateSettings {
  /** Requests under way whose shares are remembered; beyond it the oldest's are not given back, and leak away. */
  constructor(readonly requestsMax: number) {}
}

/** Why a provider is left out of a request's plan, and for how long. */
export type Barred = Readonly<{ reason: RateRejection; retryAfterMs: number }>;

/** Who asks, and how much is known of it beforehand. */
export type Asker = Readonly<{ requestId: string; ownerId: string; promptTokens: number }>;

/** When to ask again where nobody knows what is left. */
const unknownRetryMs = 1_000;

/**
 * Holds buyers to what owners allow. A request takes a share of each provider that it may try, so that no attempt is one too
 * many, and gives back those that have not served it when it is settled. Where the counter is away nobody is let through.
 */
@Injectable()
export class OwnerRates {
  private readonly taken = new Map<string, readonly ProviderDemand[]>();

  constructor(
    private readonly rates: ProviderRates,
    private readonly events: RouterEvents,
    private readonly settings: OwnerRateSettings,
  ) {}

  /** Takes shares of those whom the request has none of yet; gives whom it may not ask. */
  async take(asker: Asker, upstreams: readonly Upstream[]): Promise<ReadonlyMap<string, Barred>> {
    const known = this.taken.get(asker.requestId) ?? [];
    const demands = demandsOf(asker, upstreams).filter(
      ({ providerId }) => !known.some((one) => one.providerId === providerId),
    );
    if (demands.length === 0) return new Map();
    const answers = await Promise.all(
      demands.map(async (demand) => ({ demand, barred: await this.ask(demand) })),
    );
    const had = answers.flatMap(({ demand, barred }) => (barred ? [] : [demand]));
    this.remember(asker.requestId, [...known, ...had]);
    return new Map(
      answers.flatMap(({ demand, barred }) => (barred ? [[demand.providerId, barred]] : [])),
    );
  }

  /** The request came to nothing: nobody was asked. */
  release(requestId: string): void {
    for (const demand of this.forget(requestId)) this.carryOut(this.rates.giveBack(demand));
  }

  /** Each router hears of every request, and knows those that it has let in. */
  settled({ requestId, providerId, units }: Usage): void {
    const tokens = (units.completion_token ?? 0) + (units.reasoning_token ?? 0);
    for (const demand of this.forget(requestId)) {
      if (demand.providerId !== providerId) this.carryOut(this.rates.giveBack(demand));
      else if (tokens > 0) this.carryOut(this.rates.spend(demand, tokens));
    }
  }

  private async ask(demand: ProviderDemand): Promise<Barred | undefined> {
    try {
      const verdict = await this.rates.take(demand);
      if (verdict.isAllowed) return undefined;
      return { reason: 'rate_reached', retryAfterMs: verdict.retryAfterMs };
    } catch (error) {
      if (!(error instanceof Fault) || error.code !== 'LIMITS_UNAVAILABLE') throw error;
      this.events.ownerRateUnknown(error);
      return { reason: 'rate_unknown', retryAfterMs: unknownRetryMs };
    }
  }

  private remember(requestId: string, demands: readonly ProviderDemand[]): void {
    if (demands.length === 0) return;
    this.taken.set(requestId, demands);
    const [oldest] = this.taken.keys();
    if (this.taken.size > this.settings.requestsMax && oldest !== undefined) {
      this.taken.delete(oldest);
    }
  }

  private forget(requestId: string): readonly ProviderDemand[] {
    const known = this.taken.get(requestId) ?? [];
    this.taken.delete(requestId);
    return known;
  }

  /** What is not written down leaks away within a minute. */
  private carryOut(written: Promise<void>): void {
    written.catch((error: unknown) => this.events.ownerRateUnknown(error));
  }
}

function demandsOf(
  { ownerId, promptTokens }: Asker,
  upstreams: readonly Upstream[],
): readonly ProviderDemand[] {
  const demands = new Map<string, ProviderDemand>();
  for (const { offer } of upstreams) {
    const { id: providerId, policy } = offer.provider;
    if (offer.isOwn || !policy || !hasRates(policy)) continue;
    const { buyerRates, rates } = policy;
    demands.set(providerId, { providerId, buyerOwnerId: ownerId, buyerRates, rates, promptTokens });
  }
  return [...demands.values()];
}
