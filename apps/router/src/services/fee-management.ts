import { requireOperator } from '@aisbf/access';
import type {
  Listing as ListingMessage,
  Principal,
  PutFee,
  SellerFee as SellerFeeMessage,
} from '@aisbf/contracts';
import { Clock } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import type { Actor } from '../domain/act.js';
import type { Catalogue } from '../domain/catalogue.js';
import { faults } from '../domain/faults.js';
import type { NewTerm } from '../domain/term.js';
import { type Seen, toListing, toSellerFee } from '../domain/term-message.js';
import { CatalogueEditing } from './catalogue-editing.js';
import { listingName, managedListing } from './managed-listing.js';
import { deedBy, newTerm, TermSettings } from './new-term.js';
import { Owners } from './owners.js';

/** What the platform keeps of sales: operators decide on it, sellers see their own. */
@Injectable()
export class FeeManagement {
  constructor(
    private readonly editing: CatalogueEditing,
    private readonly owners: Owners,
    private readonly clock: Clock,
    private readonly settings: TermSettings,
  ) {}

  /** A listing's own fee, from a moment on. */
  async putListingFee(principal: Actor, id: string, fee: PutFee): Promise<ListingMessage> {
    requireOperator(principal);
    const newest = await this.editing.newest();
    const { providerId, model } = managedListing(principal, newest, id);
    const provider = newest.providerById.get(providerId);
    if (!provider) throw faults.LISTING_NOT_FOUND();
    const name = listingName(provider, model);
    const catalogue = await this.editing.commit(
      {
        type: 'term-set',
        subject: { kind: 'listing_fee', id, name },
        term: this.termOf(principal, fee),
      },
      principal,
    );
    return toListing(managedListing(principal, catalogue, id), this.seen(catalogue));
  }

  /** The fee of all listings of a seller that have none of their own, from a moment on. */
  async putSellerFee(principal: Actor, username: string, fee: PutFee): Promise<SellerFeeMessage> {
    requireOperator(principal);
    const owner = await this.owners.ownerFor(principal, username);
    const catalogue = await this.editing.commit(
      {
        type: 'term-set',
        subject: { kind: 'seller_fee', id: owner.ownerId, name: owner.username },
        term: this.termOf(principal, fee),
      },
      principal,
    );
    return toSellerFee(owner, this.seen(catalogue));
  }

  async sellerFee(principal: Principal, username: string): Promise<SellerFeeMessage> {
    const owner = await this.owners.ownerFor(principal, username);
    return toSellerFee(owner, this.seen(await this.editing.newest()));
  }

  private termOf(principal: Principal, { feeBps, validFrom }: PutFee): NewTerm {
    const by = deedBy(principal, this.clock.nowMs());
    return newTerm({ value: feeBps, validFrom, by }, this.settings);
  }

  private seen(catalogue: Catalogue): Seen {
    const { feeBpsDefault } = this.settings;
    return { catalogue, feeBpsDefault, nowMs: this.clock.nowMs() };
  }
}
