import type { Prices } from '@aisbf/money';
import { type Offered, offeredModels, providerRoute } from './callable-models.js';
import type { Listing, Provider } from './catalogue.js';
import { offerTo, saleAt } from './offer.js';
import { isOpenAt } from './provider-policy.js';
import type { RouteScope } from './scope.js';
import { isModelAllowed } from './token-rules.js';
import type { WorkerModel } from './worker-model.js';

/** A listing that a caller can call at this moment. */
export type MarketSale = Readonly<{
  provider: Provider;
  model: string;
  /** What others than its owner pay. */
  prices: Prices;
  /** What requests in batches pay of them, where not all. */
  batchPercent?: number;
  /** What its workers tell of it; undefined of a hosted one. */
  told: WorkerModel | undefined;
}>;

/**
 * Everything on sale that this caller can call now: open to it, served by somebody, within its owner's hours, and within
 * what its token may call.
 */
export function marketSales(scope: RouteScope): readonly MarketSale[] {
  const offeredBy = new Map<string, Offered>();
  const offeredOf = (provider: Provider) => {
    const known = offeredBy.get(provider.id) ?? offeredModels(provider, scope.sessionsOf);
    offeredBy.set(provider.id, known);
    return known;
  };
  return scope.catalogue.listings.flatMap((listing) => saleOf(listing, scope, offeredOf) ?? []);
}

function saleOf(
  { providerId, model, batchPercent = 100 }: Listing,
  scope: RouteScope,
  offeredOf: (provider: Provider) => Offered,
): MarketSale | undefined {
  const { catalogue, nowMs, buyer } = scope;
  const provider = catalogue.providerById.get(providerId);
  const offer = provider && offerTo(scope, provider, model);
  if (!offer || offer.isPaused || !isModelAllowed(model, buyer.rules)) return undefined;
  if (!offer.isOwn && !isOpenAt(provider.policy?.hours ?? null, nowMs)) return undefined;
  const offered = offeredOf(provider);
  if (!offered.has(model) || !isCallableByName(provider, model, scope)) return undefined;
  const place = { providerId, model };
  const prices = offer.isOwn ? saleAt(catalogue, place, nowMs)?.prices : offer.prices;
  const share = batchPercent < 100 ? { batchPercent } : {};
  return prices && { provider, model, prices, ...share, told: offered.get(model) };
}

/** Names are looked for only where a token's rules may forbid all of them: that takes longer than the rest. */
function isCallableByName(provider: Provider, model: string, scope: RouteScope): boolean {
  const isRuled = (scope.buyer.rules?.routes.length ?? 0) > 0;
  return !isRuled || providerRoute(provider, model, scope) !== undefined;
}
