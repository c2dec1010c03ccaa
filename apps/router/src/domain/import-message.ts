import type { Import as ImportMessage } from '@aisbf/contracts';
import type { Catalogue, MarketImport } from './catalogue.js';
import { importOffer, isAboveImport } from './import-offer.js';
import type { Offer } from './offer.js';
import { toPricesText } from './prices-text.js';
import type { Seen } from './term-message.js';

/** An import as its owner sees it, and what stands in its way. */
export function toImport(found: MarketImport, { catalogue, ...now }: Seen): ImportMessage {
  const offer = offerOf(found, catalogue, now);
  return {
    id: found.id,
    name: found.name,
    username: found.username,
    route: `import/${found.name}`,
    listing: found.listing,
    maxPrices: toPricesText(found.pricesMax),
    note: found.note,
    state: stateOf(offer),
    prices: offer ? toPricesText(offer.prices) : null,
    createdAt: new Date(found.createdAtMs).toISOString(),
  };
}

function offerOf(found: MarketImport, catalogue: Catalogue, now: Omit<Seen, 'catalogue'>) {
  return importOffer(found, { buyer: { ownerId: found.ownerId }, catalogue, ...now });
}

/** What is closed to one and what is gone is told alike: nobody learns what somebody else has in private. */
function stateOf(offer: Offer | undefined): ImportMessage['state'] {
  if (!offer) return 'not_on_sale';
  return isAboveImport(offer) ? 'price_above_max' : 'callable';
}
