import { internalPaths } from '@aisbf/contracts';
import { until } from '@aisbf/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { HostedShop, type Person } from './hosted-shop.js';
import { type Harness, type RunningRouter, startHarness } from './running-router.js';
import { SetClock } from './set-clock.js';

let harness: Harness;
/** Replicas whose clocks can be set apart. */
let clocks: readonly SetClock[];
let routers: readonly RunningRouter[];
let one: RunningRouter;
let [operator, seller, buyer]: Person[] = [];

beforeAll(async () => {
  harness = await startHarness();
  const startMs = Date.now();
  clocks = [new SetClock(startMs), new SetClock(startMs)];
  routers = [];
  for (const clock of clocks) routers = [...routers, await harness.router({}, clock)];
  [one] = routers as [RunningRouter];
  operator = harness.accounts.token('global');
  seller = harness.accounts.token('seller');
  buyer = harness.accounts.token('buyer');
});

afterAll(() => harness.stop());

const nowMs = () => clocks[0]?.nowMs() ?? 0;
const setClocks = (ms: number) => {
  for (const clock of clocks) clock.set(ms);
};
const moment = (aheadMs: number) => new Date(nowMs() + aheadMs).toISOString();
const openShop = (name: string) => HostedShop.open(harness, one, name, seller as Person);
const termsOf = (shop: HostedShop, facts = {}, all = routers) =>
  Promise.all(all.map((router) => shop.terms(router, buyer as Person, facts)));

const revision = async (router: RunningRouter) =>
  Number(/catalogue_revision{.*} (\d+)/.exec((await router.get('/metrics')).body)?.[1]);

/** All replicas hold what this one has just changed. */
async function untilHeld(): Promise<void> {
  const newest = await revision(one);
  for (const router of routers) await until(async () => (await revision(router)) === newest);
}

const [old, dear] = [{ prompt_token: '1000000' }, { prompt_token: '2000000', request: '7' }];

describe('a price from a moment on', () => {
  it('is served by every replica from its very moment, by none before, and nothing is written then', async () => {
    const shop = await openShop('switch');
    await shop.put(one, seller as Person, old);
    const validFrom = moment(86_400_000);
    const put = await shop.put(one, seller as Person, dear, { validFrom });
    expect(put.status).toBe(200);
    expect(put.body).toMatchObject({
      prices: old,
      pricesAhead: [{ prices: dear, validFrom, setBy: 'seller', withdrawnAt: null }],
    });
    await untilHeld();
    const held = await revision(one);

    setClocks(Date.parse(validFrom) - 1);
    expect(await termsOf(shop)).toMatchObject([{ prices: old }, { prices: old }]);
    setClocks(Date.parse(validFrom));
    expect(await termsOf(shop)).toMatchObject([{ prices: dear }, { prices: dear }]);
    expect(await Promise.all(routers.map(revision))).toEqual([held, held]);

    const { body } = await one.call(
      seller?.apiToken ?? '',
      'GET',
      `/api/catalog/listings/${put.body.id}`,
    );
    expect(body).toMatchObject({ prices: dear, pricesAhead: [] });
  });

  it('begins at each replica by its own clock', async () => {
    const shop = await openShop('apart');
    await shop.put(one, seller as Person, old);
    await shop.put(one, seller as Person, dear, { validFrom: moment(1_000) });
    await untilHeld();
    clocks[1]?.pass(1_000);
    expect(await termsOf(shop)).toMatchObject([{ prices: old }, { prices: dear }]);
    setClocks(nowMs() + 1_000);
    expect(await termsOf(shop)).toMatchObject([{ prices: dear }, { prices: dear }]);
  });

  it('is the same for a router that was started after it was set, and one that was started later still', async () => {
    const shop = await openShop('restart');
    await shop.put(one, seller as Person, old);
    await shop.put(one, seller as Person, { image: '3' }, { validFrom: moment(2_000) });
    await shop.put(one, seller as Person, dear, { validFrom: moment(1_000) });
    const clock = new SetClock(nowMs());
    const before = await harness.router({}, clock);
    expect(await termsOf(shop, {}, [before])).toMatchObject([{ prices: old }]);
    clock.pass(1_000);
    const at = await harness.router({}, clock);
    clock.pass(999);
    expect(await termsOf(shop, {}, [before, at])).toMatchObject([
      { prices: dear },
      { prices: dear },
    ]);
    clock.pass(1);
    const after = await harness.router({}, clock);
    expect(await termsOf(shop, {}, [before, at, after])).toMatchObject(
      [before, at, after].map(() => ({ prices: { image: '3' } })),
    );
  });

  it('is not there when it was withdrawn, at any replica', async () => {
    const shop = await openShop('withdrawn');
    const { body } = await shop.put(one, seller as Person, old);
    const put = await shop.put(one, seller as Person, dear, { validFrom: moment(1_000) });
    const [{ id: changeId }] = put.body.pricesAhead;
    const path = `/api/catalog/listings/${body.id}/prices/${changeId}`;
    expect((await one.call(seller?.apiToken ?? '', 'DELETE', path)).status).toBe(204);
    await untilHeld();
    setClocks(nowMs() + 1_000);
    expect(await termsOf(shop)).toMatchObject([{ prices: old }, { prices: old }]);
  });

  it('keeps to the max_price of a buyer to the millisecond', async () => {
    const shop = await openShop('limited');
    await shop.put(one, seller as Person, old);
    await shop.put(one, seller as Person, dear, { validFrom: moment(1_000) });
    await untilHeld();
    const limit = { pricesMax: { prompt_token: '1999999' } };
    setClocks(nowMs() + 999);
    expect(await termsOf(shop, limit)).toMatchObject([{ prices: old }, { prices: old }]);
    setClocks(nowMs() + 1);
    const refused = { status: 400, code: 'PRICE_ABOVE_MAX' };
    expect(await termsOf(shop, limit)).toEqual([refused, refused]);
  });

  it('is the first of a model that is not on sale before, for nobody to see', async () => {
    const shop = await openShop('coming');
    const put = await shop.put(one, seller as Person, dear, { validFrom: moment(1_000) });
    expect(put.body).toMatchObject({ prices: null, isActive: true });
    await untilHeld();
    const none = { status: 404, code: 'MODEL_NOT_FOUND' };
    expect(await termsOf(shop)).toEqual([none, none]);
    const members = [{ providerId: shop.providerId, model: 'm' }];
    const rotation = () =>
      one.call(buyer?.apiToken ?? '', 'PUT', '/api/catalog/rotations/soon', { members });
    expect((await rotation()).status).toBe(404);
    expect(await listed()).not.toContain('coming/m');
    setClocks(nowMs() + 1_000);
    expect(await termsOf(shop)).toMatchObject([{ prices: dear }, { prices: dear }]);
    expect((await rotation()).status).toBe(200);
    expect(await listed()).toContain('coming/m');
  });

  it('does not make the short name of another seller ambiguous before', async () => {
    const shop = await openShop('alike');
    const rival = harness.accounts.token('rival');
    const theirs = await HostedShop.open(harness, one, 'alike', rival);
    await shop.put(one, seller as Person, old);
    await theirs.put(one, rival, dear, { validFrom: moment(1_000) });
    await untilHeld();
    expect(await termsOf(shop)).toMatchObject([{ prices: old }, { prices: old }]);
    setClocks(nowMs() + 1_000);
    const ambiguous = { status: 400, code: 'ROUTE_AMBIGUOUS' };
    expect(await termsOf(shop)).toEqual([ambiguous, ambiguous]);
  });

  it('goes to the second of two that set it at once, through replicas whose clocks differ', async () => {
    const shop = await openShop('raced');
    const two = routers[1] as RunningRouter;
    clocks[1]?.pass(500);
    await shop.put(two, seller as Person, old);
    await shop.put(one, seller as Person, dear);
    setClocks(nowMs() + 500);
    await untilHeld();
    expect(await termsOf(shop)).toMatchObject([{ prices: dear }, { prices: dear }]);
  });
});

/** The models that the buyer is shown. */
async function listed(): Promise<readonly string[]> {
  const ask = { type: 'list-models', apiToken: buyer?.apiToken, pathUsername: null };
  const { body } = await one.internal(internalPaths.routerModels, ask);
  return body.models.map(({ id }: { id: string }) => id);
}

describe('a fee from a moment on', () => {
  const put = (path: string, feeBps: number | null, validFrom?: string) =>
    one.call(operator?.apiToken ?? '', 'PUT', path, { feeBps, ...(validFrom && { validFrom }) });

  it("is the listing's before the seller's before the default, at every replica", async () => {
    const shop = await openShop('fees');
    const { body } = await shop.put(one, seller as Person, old);
    const sellerFee = '/api/catalog/sellers/seller/fee';
    const listingFee = `/api/catalog/listings/${body.id}/fee`;
    await put(sellerFee, 300, moment(1_000));
    await put(listingFee, 0, moment(2_000));
    await put(listingFee, null, moment(3_000));
    await put(sellerFee, null, moment(4_000));
    await untilHeld();
    for (const [aheadMs, feeBps] of [
      [999, 500],
      [1, 300],
      [999, 300],
      [1, 0],
      [1_000, 300],
      [1_000, 500],
    ] as const) {
      setClocks(nowMs() + aheadMs);
      expect(await termsOf(shop)).toMatchObject([{ feeBps }, { feeBps }]);
    }
  });
});
