import { beforeEach, describe, expect, it } from '@jest/globals';
import type { CatalogueRecords } from '../domain/catalogue.js';
import { CatalogueStore, LiveCatalogue } from './live-catalogue.js';

const records = (revision: number): CatalogueRecords => ({
  revision,
  providers: [],
  listings: [],
  rotations: [],
  usageChecks: [],
  sellerFees: new Map(),
});

/** A store whose loads see the revision of the moment when they began. */
class SlowStore extends CatalogueStore {
  current = 1;
  readonly loads: (() => void)[] = [];

  load(): Promise<CatalogueRecords> {
    const { promise, resolve } = Promise.withResolvers<CatalogueRecords>();
    const seen = this.current;
    this.loads.push(() => resolve(records(seen)));
    return promise;
  }

  async revision(): Promise<number> {
    return this.current;
  }
}

let store: SlowStore;
let live: LiveCatalogue;
const finishLoad = (index: number) => store.loads[index]?.();
/** Lets everything run that waits for nothing. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

beforeEach(() => {
  store = new SlowStore();
  live = new LiveCatalogue(store);
});

describe('LiveCatalogue', () => {
  it('refuses to plan with nothing', () => {
    expect(() => live.current()).toThrow(expect.objectContaining({ code: 'CATALOGUE_NOT_LOADED' }));
    expect(live.revision).toBe(0);
  });

  it('loads what is new, once for all that wait for it', async () => {
    const pending = Promise.all([live.refresh(), live.refresh(), live.reach(1)]);
    await settled();
    expect(store.loads.length).toBe(1);
    finishLoad(0);
    await pending;
    expect(live.current().revision).toBe(1);
    await live.refresh();
    expect(store.loads.length).toBe(1);
  });

  it('loads once more where a running load began before the change', async () => {
    const first = live.reach(1);
    await settled();
    store.current = 2;
    const second = live.reach(2);
    finishLoad(0);
    await first;
    await settled();
    expect(store.loads.length).toBe(2);
    finishLoad(1);
    expect((await second).revision).toBe(2);
  });

  it('goes back to an older revision where the store has: a backup was restored', async () => {
    store.current = 7;
    const first = live.refresh();
    await settled();
    finishLoad(0);
    await first;
    store.current = 3;
    const second = live.refresh();
    await settled();
    finishLoad(1);
    await second;
    expect(live.revision).toBe(3);
  });
});
