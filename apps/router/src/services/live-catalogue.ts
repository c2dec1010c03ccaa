import { Injectable } from '@nestjs/common';
import { type Catalogue, type CatalogueRecords, indexCatalogue } from '../domain/catalogue.js';
import { faults } from '../domain/faults.js';

/** Where the catalogue is kept. */
export abstract class CatalogueStore {
  /** Everything, as of one moment. */
  abstract load(): Promise<CatalogueRecords>;
  abstract revision(): Promise<number>;
}

/** The catalogue in memory, which every plan is made with. */
@Injectable()
export class LiveCatalogue {
  private catalogue: Catalogue | undefined;
  private loading: Promise<Catalogue> | undefined;
  private readonly listeners = new Set<() => void>();

  constructor(private readonly store: CatalogueStore) {}

  current(): Catalogue {
    if (!this.catalogue) throw faults.CATALOGUE_NOT_LOADED();
    return this.catalogue;
  }

  /** The revision that is served, 0 before the first. */
  get revision(): number {
    return this.catalogue?.revision ?? 0;
  }

  /** Calls back each time that another catalogue is served. */
  onServed(listener: () => void): void {
    this.listeners.add(listener);
  }

  /** Resolves when this revision, which the store has, or a later one is served. */
  async reach(revision: number): Promise<Catalogue> {
    if (this.catalogue && this.catalogue.revision >= revision) return this.catalogue;
    // A load that runs may have begun before the revision was there: then another follows.
    const running = await this.loading;
    return running && running.revision >= revision ? running : (this.loading ?? this.load());
  }

  /** Asks the store and loads what is new; also what is older, after a backup was restored. */
  async refresh(): Promise<Catalogue> {
    const revision = await this.store.revision();
    if (this.catalogue && revision < this.catalogue.revision) return this.load();
    return this.reach(revision);
  }

  private load(): Promise<Catalogue> {
    this.loading = this.store
      .load()
      .then((records) => {
        this.catalogue = indexCatalogue(records);
        for (const listener of this.listeners) listener();
        return this.catalogue;
      })
      .finally(() => {
        this.loading = undefined;
      });
    return this.loading;
  }
}
