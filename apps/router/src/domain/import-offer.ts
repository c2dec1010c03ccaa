import {
  type Catalogue,
  globalUsername,
  labelOf,
  type MarketImport,
  ownedName,
} from './catalogue.js';
import { type Buyer, type Offer, type Offered, offeredTo, type Scope } from './offer.js';
import { exceeds } from './price-limit.js';
import type { Whose } from './route-name.js';
import { always } from './schedule.js';

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

/** The same, and when that is so. */
export function importOffered(found: MarketImport, scope: Scope): Offered {
  const provider = scope.catalogue.providerById.get(found.providerId);
  if (!provider || !isImportOpenTo(found, scope.buyer)) return leadsNowhere;
  const { offer, during } = offeredTo(scope, provider, found.model);
  return { offer: offer && through(found, offer), during };
}

const leadsNowhere: Offered = { offer: undefined, during: always };

/** What imports have made of offers. An offer goes with its catalogue, and so does what was made of it. */
const imported = new WeakMap<Offer, WeakMap<MarketImport, Offer>>();

/** Of one offer it is one object, as the offer itself is. */
function through(found: MarketImport, offer: Offer): Offer {
  const made = imported.get(offer) ?? new WeakMap<MarketImport, Offer>();
  imported.set(offer, made);
  const known = made.get(found);
  if (known) return known;
  const throughImport = { ...offer, throughImport: found };
  made.set(found, throughImport);
  return throughImport;
}

/** Whether the seller asks more than the import, which has led there, takes. */
export function isAboveImport({ prices, throughImport }: Offer): boolean {
  return throughImport !== undefined && exceeds(prices, throughImport.pricesMax);
}
