import { globalUsername, type Provider } from './catalogue.js';
import { findImport, importOffer } from './import-offer.js';
import { type Offer, offerTo, type Scope, saleAt } from './offer.js';
import { admits } from './provider-policy.js';
import type { RouteScope } from './scope.js';

/**
 * All that the name of a model means beside one's own imports: one's own providers that have it at the moment come before the
 * operator's and its import of that name, and those before the market's. More than one is a name that means nobody.
 */
export function modelOffers(model: string, scope: RouteScope): readonly Offer[] {
  const { catalogue, buyer } = scope;
  const own = ownModelOffers(model, scope);
  if (own.length > 0) return own;
  const others = sellersOf(catalogue.sellersByModel.get(model), model, scope).filter(
    ({ ownerId }) => ownerId !== buyer.ownerId,
  );
  const shared = findImport({ username: globalUsername }, model, scope);
  const imported = shared && importOffer(shared, scope);
  const sellers = imported ? others.filter(isGlobal) : nearest(others);
  return [...(imported ? [imported] : []), ...offersOf(sellers, model, scope)];
}

/** What one's own providers have of this name at the moment. */
export function ownModelOffers(model: string, scope: RouteScope): readonly Offer[] {
  const { catalogue, buyer, sessionsOf } = scope;
  const own = (catalogue.providersByOwnerId.get(buyer.ownerId) ?? []).filter(
    (provider) => provider.isEnabled && hasModel(provider, model, sessionsOf),
  );
  return offersOf(own, model, scope);
}

function offersOf(
  providers: readonly Provider[],
  model: string,
  scope: RouteScope,
): readonly Offer[] {
  return providers.flatMap((provider) => offerTo(scope, provider, model) ?? []);
}

function hasModel(
  { id, source }: Provider,
  model: string,
  sessionsOf: RouteScope['sessionsOf'],
): boolean {
  if (source.kind === 'openai') return source.models.has(model);
  return sessionsOf(id).some(({ session }) => session.models.some(({ name }) => name === model));
}

/** Those that have it on sale to this buyer at this moment: another one is nobody's rival, and hides nobody. */
export function sellersOf(
  listed: readonly Provider[] = [],
  model: string,
  { buyer, catalogue, nowMs }: Scope,
): readonly Provider[] {
  return listed.filter(
    (provider) =>
      admits(provider, buyer.ownerId) &&
      saleAt(catalogue, { providerId: provider.id, model }, nowMs) !== undefined,
  );
}

/** The operator's before all others. */
export function nearest(sellers: readonly Provider[]): readonly Provider[] {
  const global = sellers.filter(isGlobal);
  return global.length > 0 ? global : sellers;
}

function isGlobal({ username }: Provider): boolean {
  return username === globalUsername;
}
