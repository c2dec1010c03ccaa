import { randomUUID } from 'node:crypto';
import type { Listing as ListingMessage, Principal, PutListing } from '@aisbf/contracts';
import { nanos, type Prices } from '@aisbf/money';
import { Injectable } from '@nestjs/common';
import { toListing } from '../domain/catalogue-message.js';
import { faults } from '../domain/faults.js';
import { fromPricesText } from '../domain/prices-text.js';
import { CatalogueEditing } from './catalogue-editing.js';
import { isManagedBy, Owners } from './owners.js';

export class ListingSettings {
  constructor(
    readonly feeBpsDefault: number,
    /** The highest price, in nano-dollars: prices times counts must fit the ledger. */
    readonly priceNanosMax: bigint,
  ) {}
}

/** What is on sale, as its sellers manage it. */
@Injectable()
export class ListingManagement {
  constructor(
    private readonly editing: CatalogueEditing,
    private readonly owners: Owners,
    private readonly settings: ListingSettings,
  ) {}

  /** Puts a model on sale or changes its terms; running requests keep theirs. */
  async put(principal: Principal, request: PutListing): Promise<ListingMessage> {
    const { providerId, model, isActive } = request;
    const prices = this.acceptable(request.prices);
    const provider = (await this.editing.newest()).providerById.get(providerId);
    if (!provider || !isManagedBy(principal, provider)) throw faults.PROVIDER_NOT_FOUND();
    const { source } = provider;
    if (source.kind === 'openai' && !source.models.has(model)) throw faults.MODEL_NOT_OFFERED();
    const newId = randomUUID();
    const catalogue = await this.editing.commit({
      type: 'listing-put',
      newId,
      providerId,
      model,
      prices,
      isActive,
    });
    const listing = catalogue.listingsByProviderId.get(providerId)?.get(model);
    if (!listing) throw faults.PROVIDER_NOT_FOUND();
    return toListing(listing, catalogue, this.settings.feeBpsDefault);
  }

  async list(principal: Principal, username: string | undefined): Promise<ListingMessage[]> {
    const { ownerId } = await this.owners.ownerFor(principal, username);
    const catalogue = await this.editing.newest();
    const own = catalogue.providersByOwnerId.get(ownerId) ?? [];
    return own
      .flatMap(({ id }) => [...(catalogue.listingsByProviderId.get(id)?.values() ?? [])])
      .map((listing) => toListing(listing, catalogue, this.settings.feeBpsDefault));
  }

  async delete(principal: Principal, id: string): Promise<void> {
    const catalogue = await this.editing.newest();
    const listing = catalogue.listingById.get(id);
    const provider = listing && catalogue.providerById.get(listing.providerId);
    if (!provider || !isManagedBy(principal, provider)) throw faults.LISTING_NOT_FOUND();
    await this.editing.commit({ type: 'listing-delete', id });
  }

  private acceptable(text: PutListing['prices']): Prices {
    const max = this.settings.priceNanosMax;
    const isTooHigh = Object.values(text).some((price = '0') => BigInt(price) > max);
    if (isTooHigh) throw faults.PRICE_TOO_HIGH({ priceMax: nanos(max).toString() });
    return fromPricesText(text);
  }
}
