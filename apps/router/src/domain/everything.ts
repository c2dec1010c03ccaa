import type { Provider } from './catalogue.js';
import { KeptTerms } from './kept-terms.js';
import { type Offer, offeredTo, offerTo, type Scope } from './offer.js';
import { always, common, type Span } from './schedule.js';
import type { RouteScope } from './scope.js';
import { isModelAllowed } from './token-rules.js';

/** All that a buyer may call, its own first; no more than so many. */
export function everyOffer(scope: RouteScope, offersMax: number): readonly Offer[] {
  const { ownerId, rules } = scope.buyer;
  const isAllowed = (model: string) => isModelAllowed(model, rules);
  const own = ownOffers(scope).filter(({ model }) => isAllowed(model));
  const make = () => foreignOffers(scope, offersMax, isAllowed);
  // What a token may not call is of its own.
  const { offers } = rules?.models.length
    ? make()
    : kept.of(`${ownerId} ${offersMax}`, scope, make);
  return [...own, ...offers].slice(0, offersMax);
}

/** What others have on sale, and how long that stays so. */
type Foreign = Readonly<{ offers: readonly Offer[]; during: Span }>;

/** By buyer and count; with the usual one each takes 2 KB. */
const kept = new KeptTerms<Foreign>(4_096);

function ownOffers(scope: RouteScope): readonly Offer[] {
  const { buyer, catalogue } = scope;
  const providers = catalogue.providersByOwnerId.get(buyer.ownerId) ?? [];
  return providers.flatMap((provider) =>
    [...modelsOf(provider, scope)].flatMap((model) => offerTo(scope, provider, model) ?? []),
  );
}

function foreignOffers(
  scope: Scope,
  offersMax: number,
  isAllowed: (model: string) => boolean,
): Foreign {
  const { buyer, catalogue } = scope;
  const offers: Offer[] = [];
  let during = always;
  for (const { providerId, model, isActive } of catalogue.listings) {
    if (offers.length >= offersMax) break;
    const provider = catalogue.providerById.get(providerId);
    const isForSale = isActive && provider?.isEnabled && provider.ownerId !== buyer.ownerId;
    if (!isForSale || !isAllowed(model)) continue;
    const offered = offeredTo(scope, provider, model);
    during = common(during, offered.during);
    if (offered.offer) offers.push(offered.offer);
  }
  return { offers, during };
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
