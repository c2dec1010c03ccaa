import { Injectable } from '@nestjs/common';
import type { Catalogue } from '../domain/catalogue.js';
import type { CatalogueChange } from '../domain/catalogue-change.js';
import { Announcements } from './announcements.js';
import { LiveCatalogue } from './live-catalogue.js';

/** Writes the catalogue. */
export abstract class CatalogueWriter {
  /** Makes one change and raises the revision in the same transaction; gives the new revision. */
  abstract commit(change: CatalogueChange): Promise<number>;
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

  /** Makes a change. When this returns, this replica serves it and the others have been told. */
  async commit(change: CatalogueChange): Promise<Catalogue> {
    const revision = await this.writer.commit(change);
    this.announcements.catalogueChanged(revision);
    return this.live.reach(revision);
  }
}
