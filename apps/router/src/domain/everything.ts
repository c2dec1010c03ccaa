import type { Provider } from './catalogue.js';
import { type Offer, offerTo } from './offer.js';
import type { RouteScope } from './scope.js';
import { isModelAllowed } from './token-rules.js';

/** All that a buyer may call, its own first; no more than so many. */
export function everyOffer(scope: RouteScope, offersMax: number): readonly Offer[] {
  const { buyer, catalogue } = scope;
  const offers: Offer[] = [];
  const add = (provider: Provider, model: string) => {
    if (!isModelAllowed(model, buyer.rules)) return;
    const offer = offerTo(scope, provider, model);
    if (offer) offers.push(offer);
  };
  for (const provider of catalogue.providersByOwnerId.get(buyer.ownerId) ?? []) {
    for (const model of modelsOf(provider, scope)) add(provider, model);
  }
  for (const { providerId, model, isActive } of catalogue.listings) {
    if (offers.length >= offersMax) break;
    const provider = catalogue.providerById.get(providerId);
    const isForSale = isActive && provider?.isEnabled && provider.ownerId !== buyer.ownerId;
    if (isForSale) add(provider, model);
  }
  return offers.slice(0, offersMax);
}

/** What a provider has, whether it is on sale or not. */
function modelsOf(
  { id, source, isEnabled }: Provider,
  { sessionsOf }: RouteScope,
): Iterable<string> {
  if (!isEnabled) return [];
  if (source.kind === 'openai') return source.models.keys();
  return new Set(sessionsOf(id).flatMap(({ session }) => session.models.map(({ name }) => name)));
}
