import { requireOperator } from '@aisbf/access';
import type { FeeChanges, ListChanges, PriceChanges, Principal } from '@aisbf/contracts';
import { Clock } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import type { Actor } from '../domain/act.js';
import type { TermKind } from '../domain/term.js';
import { toFeeChange, toPriceChange } from '../domain/term-message.js';
import { CatalogueEditing } from './catalogue-editing.js';
import { managedListing } from './managed-listing.js';
import { deedBy } from './new-term.js';
import { Owners } from './owners.js';
import { TermHistory } from './term-history.js';

/** What was set of prices and fees: its history, and how it is withdrawn before it begins. */
@Injectable()
export class TermManagement {
  constructor(
    private readonly editing: CatalogueEditing,
    private readonly owners: Owners,
    private readonly history: TermHistory,
    private readonly clock: Clock,
  ) {}

  async prices(principal: Principal, id: string, page: ListChanges): Promise<PriceChanges> {
    managedListing(principal, await this.editing.newest(), id);
    const { changes, nextCursor } = await this.history.prices(id, page);
    return { changes: changes.map((one) => toPriceChange(one, one.withdrawn)), nextCursor };
  }

  async withdrawPrices(principal: Actor, listingId: string, id: string): Promise<void> {
    managedListing(principal, await this.editing.newest(), listingId);
    await this.withdraw(principal, { kind: 'listing_prices', id: listingId }, id);
  }

  async listingFees(principal: Principal, id: string, page: ListChanges): Promise<FeeChanges> {
    managedListing(principal, await this.editing.newest(), id);
    return this.fees('listing_fee', id, page);
  }

  async withdrawListingFee(principal: Actor, listingId: string, id: string): Promise<void> {
    requireOperator(principal);
    managedListing(principal, await this.editing.newest(), listingId);
    await this.withdraw(principal, { kind: 'listing_fee', id: listingId }, id);
  }

  async sellerFees(principal: Principal, username: string, page: ListChanges): Promise<FeeChanges> {
    const { ownerId } = await this.owners.ownerFor(principal, username);
    return this.fees('seller_fee', ownerId, page);
  }

  async withdrawSellerFee(principal: Actor, username: string, id: string): Promise<void> {
    requireOperator(principal);
    const { ownerId } = await this.owners.ownerFor(principal, username);
    await this.withdraw(principal, { kind: 'seller_fee', id: ownerId }, id);
  }

  private async fees(
    kind: 'listing_fee' | 'seller_fee',
    id: string,
    page: ListChanges,
  ): Promise<FeeChanges> {
    const { changes, nextCursor } = await this.history.fees(kind, id, page);
    return { changes: changes.map((one) => toFeeChange(one, one.withdrawn)), nextCursor };
  }

  private async withdraw(
    actor: Actor,
    subject: Readonly<{ kind: TermKind; id: string }>,
    id: string,
  ): Promise<void> {
    const by = deedBy(actor, this.clock.nowMs());
    await this.editing.commit({ type: 'term-withdraw', subject, id, by }, actor);
  }
}
