import { randomUUID } from 'node:crypto';
import type { Listing as ListingMessage, Principal, PutListing } from '@aisbf/contracts';
import { Clock } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import type { Actor } from '../domain/act.js';
import type { Catalogue } from '../domain/catalogue.js';
import { faults } from '../domain/faults.js';
import { type Seen, toListing } from '../domain/term-message.js';
import { CatalogueEditing } from './catalogue-editing.js';
import { listingName, managedListing } from './managed-listing.js';
import { acceptablePrices, deedBy, newTerm, TermSettings } from './new-term.js';
import { isManagedBy, Owners } from './owners.js';

/** What is on sale, as its sellers manage it. */
@Injectable()
export class ListingManagement {
  constructor(
    private readonly editing: CatalogueEditing,
    private readonly owners: Owners,
    private readonly clock: Clock,
    private readonly settings: TermSettings,
  ) {}

  /** Puts a model on sale or sets its prices; running requests keep theirs. */
  async put(principal: Actor, request: PutListing): Promise<ListingMessage> {
    const { providerId, model, isActive, batchPercent } = request;
    const prices = acceptablePrices(request.prices, this.settings);
    const provider = (await this.editing.newest()).providerById.get(providerId);
    if (!provider || !isManagedBy(principal, provider)) throw faults.PROVIDER_NOT_FOUND();
    const { source } = provider;
    if (source.kind === 'openai' && !source.models.has(model)) throw faults.MODEL_NOT_OFFERED();
    const by = deedBy(principal, this.clock.nowMs());
    const catalogue = await this.editing.commit(
      {
        type: 'listing-put',
        newId: randomUUID(),
        providerId,
        model,
        isActive,
        batchPercent,
        name: listingName(provider, model),
        term: newTerm({ value: prices, validFrom: request.validFrom, by }, this.settings),
      },
      principal,
    );
    const listing = catalogue.listingsByProviderId.get(providerId)?.get(model);
    if (!listing) throw faults.PROVIDER_NOT_FOUND();
    return toListing(listing, this.seen(catalogue));
  }

  async list(principal: Principal, username: string | undefined): Promise<ListingMessage[]> {
    const { ownerId } = await this.owners.ownerFor(principal, username);
    const catalogue = await this.editing.newest();
    const own = catalogue.providersByOwnerId.get(ownerId) ?? [];
    return own
      .flatMap(({ id }) => [...(catalogue.listingsByProviderId.get(id)?.values() ?? [])])
      .map((listing) => toListing(listing, this.seen(catalogue)));
  }

  async get(principal: Principal, id: string): Promise<ListingMessage> {
    const catalogue = await this.editing.newest();
    return toListing(managedListing(principal, catalogue, id), this.seen(catalogue));
  }

  async delete(principal: Actor, id: string): Promise<void> {
    managedListing(principal, await this.editing.newest(), id);
    await this.editing.commit({ type: 'listing-delete', id }, principal);
  }

  private seen(catalogue: Catalogue): Seen {
    const { feeBpsDefault } = this.settings;
    return { catalogue, feeBpsDefault, nowMs: this.clock.nowMs() };
  }
}
