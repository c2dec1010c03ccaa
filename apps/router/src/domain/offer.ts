import type { TokenRules } from '@aisbf/contracts';
import type { Prices } from '@aisbf/money';
import { type Catalogue, type Listing, type Provider, usageCheckOf } from './catalogue.js';

/** A provider's model as one buyer may have it: at which price, and what the platform keeps of it. */
export type Offer = Readonly<{
  provider: Provider;
  model: string;
  prices: Prices;
  feeBps: number;
  /** The buyer's own capacity, which costs nothing. */
  isOwn: boolean;
  /** Its own counts are too far off ours for it to get requests of others. */
  isPaused: boolean;
}>;

/** Who asks, as far as it decides what may be seen. */
export type Buyer = Readonly<{
  ownerId: string;
  /** What the token may be used for; absent where nothing is ruled out. */
  rules?: TokenRules;
}>;

/** The listing that puts a model on sale, where there is an active one. */
export function activeListing(
  catalogue: Catalogue,
  providerId: string,
  model: string,
): Listing | undefined {
  const listing = catalogue.listingsByProviderId.get(providerId)?.get(model);
  return listing?.isActive ? listing : undefined;
}

/**
 * The one rule of who may see and call what: one's own always, somebody else's only while it is on sale.
 * Undefined means: as if it did not exist.
 */
export function offerTo(
  buyer: Buyer,
  catalogue: Catalogue,
  provider: Provider,
  model: string,
  feeBpsDefault: number,
): Offer | undefined {
  if (provider.ownerId === buyer.ownerId) {
    return { provider, model, prices: {}, feeBps: 0, isOwn: true, isPaused: false };
  }
  const listing = activeListing(catalogue, provider.id, model);
  if (!listing) return undefined;
  const feeBps = listing.feeBps ?? feeBpsDefault;
  const isPaused = usageCheckOf(catalogue, provider.id, model)?.state === 'paused';
  return { provider, model, prices: listing.prices, feeBps, isOwn: false, isPaused };
}

/** Whether this owner may see and call the model at all. */
export function isVisibleTo(
  ownerId: string,
  catalogue: Catalogue,
  { providerId, model }: Readonly<{ providerId: string; model: string }>,
): boolean {
  const isOwn = catalogue.providerById.get(providerId)?.ownerId === ownerId;
  return isOwn || activeListing(catalogue, providerId, model) !== undefined;
}
