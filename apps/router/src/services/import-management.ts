import { randomUUID } from 'node:crypto';
import type { Import as ImportMessage, Owner, Principal, PutImport } from '@aisbf/contracts';
import { Clock } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import type { Actor } from '../domain/act.js';
import { type Catalogue, labelOf, type MarketImport, ownedName } from '../domain/catalogue.js';
import { faults } from '../domain/faults.js';
import { toImport } from '../domain/import-message.js';
import { isImportOpenTo } from '../domain/import-offer.js';
import { listingNameText, parseListingName } from '../domain/listing-name.js';
import { type Buyer, isVisibleTo } from '../domain/offer.js';
import { CatalogueEditing } from './catalogue-editing.js';
import { acceptablePrices, TermSettings } from './new-term.js';
import { Owners } from './owners.js';

type Whose = Readonly<{ principal: Principal; username: string | undefined }>;
type ByWhom = Whose & Readonly<{ principal: Actor }>;

export class ImportSettings {
  /** How many one owner may have: each is in every router's memory. */
  constructor(readonly importsMax: number) {}
}

/** Listings of others under names of one's own, as whoever imports them manages them. */
@Injectable()
export class ImportManagement {
  constructor(
    private readonly editing: CatalogueEditing,
    private readonly owners: Owners,
    private readonly clock: Clock,
    private readonly terms: TermSettings,
    private readonly settings: ImportSettings,
  ) {}

  /** Imports a listing, or puts another one under the same name. */
  async put(principal: Actor, name: string, request: PutImport): Promise<ImportMessage> {
    const owner = await this.owners.ownerFor(principal, request.username);
    const newest = await this.editing.newest();
    const pricesMax = acceptablePrices(request.maxPrices, this.terms);
    const imported = {
      id: newest.importByOwnedName.get(ownedName(owner.ownerId, name))?.id ?? randomUUID(),
      ...owner,
      name,
      ...this.listingFor(owner, request.listing, newest),
      pricesMax,
      note: request.note,
    };
    const { importsMax } = this.settings;
    const change = { type: 'import-put', imported, importsMax } as const;
    const catalogue = await this.editing.commit(change, principal);
    return this.message(requireImport(catalogue, owner, name), catalogue);
  }

  async list({ principal, username }: Whose): Promise<ImportMessage[]> {
    const { ownerId } = await this.owners.ownerFor(principal, username);
    const catalogue = await this.editing.newest();
    return catalogue.imports
      .filter((imported) => imported.ownerId === ownerId)
      .map((imported) => this.message(imported, catalogue));
  }

  async get({ principal, username }: Whose, name: string): Promise<ImportMessage> {
    const owner = await this.owners.ownerFor(principal, username);
    const catalogue = await this.editing.newest();
    return this.message(requireImport(catalogue, owner, name), catalogue);
  }

  async delete({ principal, username }: ByWhom, name: string): Promise<void> {
    const owner = await this.owners.ownerFor(principal, username);
    const { id } = requireImport(await this.editing.newest(), owner, name);
    await this.editing.commit({ type: 'import-delete', id }, principal);
  }

  /** What is on sale to whoever imports it; anything else does not exist for it. */
  private listingFor(buyer: Owner, text: string, catalogue: Catalogue) {
    const listing = parseListingName(text);
    const label = labelOf({ username: listing.owner, name: listing.provider });
    const provider = catalogue.providerByLabel.get(label);
    if (!provider) throw faults.LISTING_NOT_FOUND();
    if (provider.ownerId === buyer.ownerId) throw faults.IMPORT_OF_OWN();
    const place = { providerId: provider.id, model: listing.model };
    const isOnSale = isVisibleTo({ buyer, catalogue, nowMs: this.clock.nowMs() }, place);
    if (!isOnSale) throw faults.LISTING_NOT_FOUND();
    return { ...place, listing: listingNameText(listing) };
  }

  private message(imported: MarketImport, catalogue: Catalogue): ImportMessage {
    const { feeBpsDefault } = this.terms;
    return toImport(imported, { catalogue, feeBpsDefault, nowMs: this.clock.nowMs() });
  }
}

function requireImport(catalogue: Catalogue, { ownerId }: Owner, name: string): MarketImport {
  const found = catalogue.importByOwnedName.get(ownedName(ownerId, name));
  if (!found) throw faults.IMPORT_NOT_FOUND();
  return found;
}

/** One's own, or the operator's: somebody else's does not exist. */
export function requireOpenImport(
  importId: string,
  { buyer, catalogue }: Readonly<{ buyer: Buyer; catalogue: Catalogue }>,
): void {
  const found = catalogue.importById.get(importId);
  if (!found || !isImportOpenTo(found, buyer)) throw faults.IMPORT_NOT_FOUND({ importId });
}
