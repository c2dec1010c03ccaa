import type { Principal } from '@aisbf/contracts';
import { type Catalogue, type Listing, labelOf, type Provider } from '../domain/catalogue.js';
import { faults } from '../domain/faults.js';
import { isManagedBy } from './owners.js';

/** A listing that the caller manages; somebody else's does not exist for a member. */
export function managedListing(principal: Principal, catalogue: Catalogue, id: string): Listing {
  const listing = catalogue.listingById.get(id);
  const provider = listing && catalogue.providerById.get(listing.providerId);
  if (!provider || !isManagedBy(principal, provider)) throw faults.LISTING_NOT_FOUND();
  return listing;
}

/** A listing as people know it, while it is there and afterwards. */
export function listingName(provider: Provider, model: string): string {
  return `${labelOf(provider)} ${model}`;
}
