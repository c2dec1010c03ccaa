import {
  type Catalogue,
  globalUsername,
  labelOf,
  type MarketImport,
  ownedName,
} from './catalogue.js';
import {
  type Buyer,
  neverOffered,
  type Offer,
  type Offered,
  offeredTo,
  type Scope,
} from './offer.js';
import { exceeds } from './price-limit.js';
import type { Whose } from './route-name.js';

/** Whoever has made an import may call it; the operator's are everybody's. For all others there is none. */
export function isImportOpenTo(
  { ownerId, username }: MarketImport,
  buyer: Pick<Buyer, 'ownerId'>,
): boolean {
  return ownerId === buyer.ownerId || username === globalUsername;
}

/** One's own hides the operator's of the same name, also where it leads nowhere any more. */
export function findImport(
  whose: Whose,
  name: string,
  { catalogue, buyer }: Readonly<{ catalogue: Catalogue; buyer: Buyer }>,
): MarketImport | undefined {
  if (typeof whose === 'object') {
    const found = catalogue.importByLabel.get(labelOf({ ...whose, name }));
    return found && isImportOpenTo(found, buyer) ? found : undefined;
  }
  const own = catalogue.importByOwnedName.get(ownedName(buyer.ownerId, name));
  if (own || whose === 'own') return own;
  return catalogue.importByLabel.get(labelOf({ username: globalUsername, name }));
}

/** What an import leads to; undefined where it is not this buyer's, or the listing is not on sale to it. */
export function importOffer(found: MarketImport, scope: Scope): Offer | undefined {
  return importOffered(found, scope).offer;
}

/** The same, and how long that is so. */
export function importOffered(found: MarketImport, scope: Scope): Offered {
  if (!isImportOpenTo(found, scope.buyer)) return neverOffered;
  const provider = scope.catalogue.providerById.get(found.providerId);
  const { offer, during } = provider ? offeredTo(scope, provider, found.model) : neverOffered;
  return { offer: offer && throughImport(offer, found), during };
}

/** What was made for one buyer does for the next: it is one object as long as the offer is one. */
const kept = new WeakMap<MarketImport, WeakMap<Offer, Offer>>();

function throughImport(of: Offer, found: MarketImport): Offer {
  const byOffer = kept.get(found) ?? new WeakMap<Offer, Offer>();
  const known = byOffer.get(of);
  if (known) return known;
  const made = { ...of, throughImport: found };
  kept.set(found, byOffer.set(of, made));
  return made;
}

/** Whether the seller asks more than the import, which has led there, takes. */
export function isAboveImport({ prices, throughImport }: Offer): boolean {
  return throughImport !== undefined && exceeds(prices, throughImport.pricesMax);
}
