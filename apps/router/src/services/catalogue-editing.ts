import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { type Act, type Actor, deedOf } from '../domain/act.js';
import type { Catalogue } from '../domain/catalogue.js';
import type { CatalogueChange } from '../domain/catalogue-change.js';
import { Announcements } from './announcements.js';
import { LiveCatalogue } from './live-catalogue.js';

/** Writes the catalogue. */
export abstract class CatalogueWriter {
  /** Makes one change, writes down the act and raises the revision in one transaction; gives the new revision. */
  abstract commit(change: CatalogueChange, act: Act | undefined): Promise<number>;
}

/** Changes to the catalogue, and what follows from them. */
@Injectable()
export class CatalogueEditing {
  constructor(
    private readonly writer: CatalogueWriter,
    private readonly live: LiveCatalogue,
    private readonly announcements: Announcements,
  ) {}

  /** The newest catalogue: what another replica has just changed is seen. */
  newest(): Promise<Catalogue> {
    return this.live.refresh();
  }

  /**
   * Makes a change, on behalf of somebody or, with null, of the machinery, which leaves no act behind. When this
   * returns, this replica serves it and the others have been told.
   */
  async commit(change: CatalogueChange, by: Actor | null): Promise<Catalogue> {
    const revision = await this.writer.commit(change, by ? this.actOf(change, by) : undefined);
    this.announcements.catalogueChanged(revision);
    return this.live.reach(revision);
  }

  private actOf(change: CatalogueChange, { userId, apiTokenId, address }: Actor): Act | undefined {
    const deed = deedOf(change, this.live.current());
    return (
      deed && { ...deed, id: randomUUID(), actorUser: userId, actorToken: apiTokenId, address }
    );
  }
}
