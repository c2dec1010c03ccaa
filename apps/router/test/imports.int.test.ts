import { internalPaths, type RequestFacts } from '@aisbf/contracts';
import { until } from '@aisbf/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { admitRequest } from './admit-request.js';
import { HostedShop, type Person } from './hosted-shop.js';
import { type Harness, type RunningRouter, startHarness } from './running-router.js';

const importsPath = '/api/catalog/imports';
const prices = { prompt_token: '1000000', completion_token: '2000000' };

const importsMax = 12;

let harness: Harness;
let routers: [RunningRouter, RunningRouter];
let shop: HostedShop;
let people: Readonly<Record<'operator' | 'seller' | 'buyer' | 'other', Person>>;

beforeAll(async () => {
  harness = await startHarness();
  routers = [
    await harness.router({ ROUTER_IMPORTS_MAX: String(importsMax) }),
    await harness.router(),
  ];
  const { token } = harness.accounts;
  people = {
    ...{ operator: token('global'), seller: token('seller') },
    ...{ buyer: token('buyer'), other: token('other') },
  };
  shop = await HostedShop.open(harness, routers[0], 'shop', people.seller);
  await shop.put(routers[0], people.seller, prices);
});

afterAll(() => harness.stop());

const call = (person: Person, method: string, path: string, body?: unknown) =>
  routers[0].call(person.apiToken, method, path, body);

const put = (person: Person, name: string, more: object = {}) =>
  call(person, 'PUT', `${importsPath}/${name}`, { listing: 'seller/shop/m', ...more });

async function admit(person: Person, route: string, more: Partial<RequestFacts> = {}, at = 0) {
  const request = admitRequest(person.apiToken, route, more);
  const router = routers[at] ?? routers[0];
  const { status, body } = await router.internal(internalPaths.routerAdmit, request);
  const { authorised } = harness.accounts.state;
  return { status, ...body, order: authorised.find((one) => one.requestId === request.requestId) };
}

async function explain(person: Person, route: string) {
  const { requestId: _id, ...question } = admitRequest(person.apiToken, route);
  const { body } = await routers[0].internal(internalPaths.routerExplain, {
    ...{ ...question, type: 'explain', seed: 'seed' },
  });
  return body;
}

async function routesOf(person: Person): Promise<string[]> {
  const { body } = await routers[0].internal(internalPaths.routerModels, {
    ...{ type: 'list-models', apiToken: person.apiToken, pathUsername: null },
  });
  return body.models.map(({ id }: { id: string }) => id);
}

const prepared = () => shop.put(routers[0], people.seller, prices);

describe('an import', () => {
  it('is kept, shown, replaced under its id, and deleted, by its owner alone', async () => {
    const made = await put(people.buyer, 'kept', {
      maxPrices: { request: '5' },
      note: 'the cheap',
    });
    expect(made).toMatchObject({ status: 200 });
    expect(made.body).toEqual({
      ...{ id: expect.any(String), name: 'kept', username: 'buyer', route: 'import/kept' },
      ...{ listing: 'seller/shop/m', maxPrices: { request: '5' }, note: 'the cheap' },
      ...{ state: 'callable', prices, createdAt: expect.any(String) },
    });
    const path = `${importsPath}/kept`;
    expect((await call(people.buyer, 'GET', path)).body).toEqual(made.body);
    expect((await call(people.buyer, 'GET', importsPath)).body.imports).toContainEqual(made.body);
    const again = await put(people.buyer, 'kept', { listing: 'seller/provider/shop/m' });
    expect(again.body).toEqual({ ...made.body, maxPrices: {}, note: null });
    for (const method of ['GET', 'DELETE']) {
      expect((await call(people.other, method, path)).status).toBe(404);
      expect((await call(people.other, method, `${path}?username=buyer`)).status).toBe(403);
    }
    expect((await call(people.operator, 'GET', `${path}?username=buyer`)).status).toBe(200);
    expect((await call(people.buyer, 'DELETE', path)).status).toBe(204);
    expect((await call(people.buyer, 'DELETE', path)).body.error.code).toBe('import_not_found');
    expect(await admit(people.buyer, 'import/kept')).toMatchObject({ status: 404 });
  });

  it('is written down as an act of its owner', async () => {
    await put(people.buyer, 'audited', { maxPrices: { request: '5' } });
    await call(people.buyer, 'DELETE', `${importsPath}/audited`);
    // Each may be told of twice, by both replicas.
    const acts = () => [
      ...new Map(
        harness.accounts.state.acts
          .filter(({ subject }) => subject === 'audited')
          .map((act) => [act.id, act]),
      ).values(),
    ];
    await until(() => acts().length === 2);
    expect(acts()).toMatchObject([
      {
        ...{ action: 'import.put', ownerId: people.buyer.principal.ownerId },
        detail: { listing: 'seller/shop/m', maxPrices: ['request 5'] },
      },
      { action: 'import.delete', detail: { listing: 'seller/shop/m' } },
    ]);
  });

  it.each([
    ['nothing', {}, 400],
    ['no listing', { listing: 'seller/shop' }, 400],
    ['a listing that is not there', { listing: 'seller/shop/nothing' }, 404],
    ['a model that is not on sale', { listing: 'seller/shop/other' }, 404],
    ['an odd ceiling', { listing: 'seller/shop/m', maxPrices: { smile: '1' } }, 400],
    [
      'a ceiling beyond the ledger',
      { listing: 'seller/shop/m', maxPrices: { image: '9'.repeat(19) } },
      400,
    ],
    ['an empty note', { listing: 'seller/shop/m', note: '' }, 400],
    ["somebody else's name", { listing: 'seller/shop/m', username: 'other' }, 403],
  ])('is not made of %s', async (_what, body, status) => {
    const answer = await call(people.buyer, 'PUT', `${importsPath}/refused`, body);
    expect(answer.status).toBe(status);
    expect((await call(people.buyer, 'GET', `${importsPath}/refused`)).status).toBe(404);
  });

  it('is none of what is one’s own, and no more than there may be', async () => {
    const own = await put(people.seller, 'own');
    expect([own.status, own.body.error.code]).toEqual([400, 'import_of_own']);
    const crowd = harness.accounts.token('crowd');
    for (let at = 0; at < importsMax; at += 1) await put(crowd, `one-${at}`);
    const many = await put(crowd, 'another');
    expect([many.status, many.body.error.code]).toEqual([409, 'imports_too_many']);
    expect((await put(crowd, 'one-0', { note: 'replaced' })).status).toBe(200);
  });
});

describe('a request through an import', () => {
  it('is of the buyer, at the price in force, and pays the seller, on every replica', async () => {
    await prepared();
    await put(people.buyer, 'mine');
    for (const at of [0, 1]) {
      await until(async () => (await admit(people.buyer, 'import/mine', {}, at)).status === 200);
    }
    const asked = await admit(people.buyer, 'import/mine', {}, 1);
    expect(asked.order).toMatchObject({
      ...{ ownerId: people.buyer.principal.ownerId, route: 'import/mine' },
      terms: [{ sellerOwnerId: people.seller.principal.ownerId, model: 'm', prices }],
    });
    expect(await routesOf(people.buyer)).toEqual(expect.arrayContaining(['import/mine', 'shop/m']));
    expect(await explain(people.buyer, 'mine')).toMatchObject({
      candidates: [{ provider: 'seller/shop', import: 'buyer/import/mine' }],
    });
  });

  it('is refused before any hold while the seller asks more than it takes', async () => {
    await prepared();
    await put(people.buyer, 'capped', { maxPrices: { completion_token: '2000000' } });
    expect(await admit(people.buyer, 'import/capped')).toMatchObject({ status: 200 });
    await shop.put(routers[0], people.seller, { ...prices, completion_token: '2000001' });
    const before = harness.accounts.state.authorised.length;
    const refused = await admit(people.buyer, 'import/capped');
    expect(refused).toMatchObject({ status: 400, fault: { code: 'PRICE_ABOVE_MAX' } });
    expect(harness.accounts.state.authorised.length).toBe(before);
    expect(await explain(people.buyer, 'import/capped')).toMatchObject({
      rejections: [{ reason: 'price_above_import_max', import: 'buyer/import/capped' }],
      refusal: { code: 'price_above_max' },
    });
    const shown = await call(people.buyer, 'GET', `${importsPath}/capped`);
    expect(shown.body).toMatchObject({ state: 'price_above_max' });
    expect(await routesOf(people.buyer)).not.toContain('import/capped');
    expect(await admit(people.buyer, 'shop/m')).toMatchObject({ status: 200 });
    await prepared();
    expect(await admit(people.buyer, 'import/capped')).toMatchObject({ status: 200 });
  });

  it('says on the receipt of a rotation which member was too dear', async () => {
    await prepared();
    const { id } = (await put(people.buyer, 'member', { maxPrices: { prompt_token: '5' } })).body;
    const own = await HostedShop.open(harness, routers[0], 'spare', people.buyer);
    const members = [{ importId: id }, { providerId: own.providerId, model: 'm' }];
    const saved = await call(people.buyer, 'PUT', '/api/catalog/rotations/both', { members });
    expect(saved.body.members[0]).toMatchObject({ importId: id, import: 'buyer/member' });
    const { order, status } = await admit(people.buyer, 'rotation/both');
    expect(status).toBe(200);
    expect(order?.rejections).toEqual([
      { providerLabel: 'seller/shop', model: 'm', reason: 'price_above_import_max' },
    ]);
    await put(people.buyer, 'member');
    const both = await admit(people.buyer, 'rotation/both');
    expect(both.candidates).toHaveLength(2);
    await call(people.buyer, 'DELETE', `${importsPath}/member`);
    const { body } = await call(people.buyer, 'GET', '/api/catalog/rotations');
    expect(body.rotations[0].members).toHaveLength(1);
  });

  it('is selected by autoselects that name the import', async () => {
    await prepared();
    const { id } = (await put(people.buyer, 'chosen')).body;
    const otherwise = [{ from: [{ importId: id }], privacy: 'ignored' }];
    await call(people.buyer, 'PUT', '/api/catalog/autoselects/pick', { otherwise });
    expect(await explain(people.buyer, 'autoselect/pick')).toMatchObject({
      candidates: [{ provider: 'seller/shop', import: 'buyer/import/chosen' }],
      selections: [{ candidates: [[{ name: 'buyer/import/chosen' }]] }],
    });
    const foreign = [{ from: [{ importId: id }] }];
    const path = '/api/catalog/autoselects/theirs';
    const refused = await call(people.other, 'PUT', path, { otherwise: foreign });
    expect([refused.status, refused.body.error.code]).toEqual([404, 'import_not_found']);
    const members = [{ importId: id }];
    const rotation = await call(people.other, 'PUT', '/api/catalog/rotations/x', { members });
    expect([rotation.status, rotation.body.error.code]).toEqual([404, 'import_not_found']);
  });

  it('needs a token that may call the route, and what it leads to', async () => {
    await prepared();
    await put(people.buyer, 'ruled');
    const ruled = (rules: object) =>
      harness.accounts.token('buyer', {
        rules: { routes: [], models: [], addresses: [], ...rules },
      });
    for (const rules of [{ routes: ['shop/*'] }, { models: ['other'] }]) {
      expect(await admit(ruled(rules), 'import/ruled')).toMatchObject({
        ...{ status: 403, fault: { code: 'ROUTE_NOT_ALLOWED' } },
      });
      expect(await routesOf(ruled(rules))).not.toContain('import/ruled');
    }
    expect(await admit(ruled({ routes: ['import/*'] }), 'import/ruled')).toMatchObject({
      status: 200,
    });
  });
});

describe('an import that leads nowhere', () => {
  const takings: readonly (readonly [string, () => Promise<unknown>])[] = [
    ['is off sale', () => shop.put(routers[0], people.seller, prices, { isActive: false })],
    ['is private', () => patch({ audience: 'private' })],
    ['is for others', () => patch({ audience: 'listed', usernames: ['other'] })],
  ];
  const patch = (policy: object) =>
    call(people.seller, 'PATCH', `/api/catalog/providers/${shop.providerId}`, { policy });

  it.each(takings)('tells its owner, and nobody else, when the listing %s', async (_how, take) => {
    await patch({});
    await prepared();
    await put(people.buyer, 'lost');
    await take();
    const refused = await admit(people.buyer, 'import/lost');
    expect(refused).toMatchObject({ status: 404, fault: { code: 'IMPORT_NOT_ON_SALE' } });
    const shown = await call(people.buyer, 'GET', `${importsPath}/lost`);
    expect(shown.body).toMatchObject({ state: 'not_on_sale', prices: null });
    expect(await routesOf(people.buyer)).not.toContain('import/lost');
    for (const route of ['import/lost', 'buyer/import/lost', 'lost']) {
      const told = await admit(people.other, route);
      expect(told.fault).toMatchObject({ code: 'MODEL_NOT_FOUND', details: {} });
    }
    await patch({});
    await prepared();
    expect(await admit(people.buyer, 'import/lost')).toMatchObject({ status: 200 });
  });
});

describe("the operator's import", () => {
  it('is open to everybody by its short name, where one has none of that name', async () => {
    await prepared();
    expect((await put(people.operator, 'house')).status).toBe(200);
    expect(await admit(people.buyer, 'import/house')).toMatchObject({ status: 200 });
    expect(await admit(people.buyer, 'house')).toMatchObject({ status: 200 });
    expect(await routesOf(people.buyer)).toContain('import/house');
    const dear = { maxPrices: { prompt_token: '1' } };
    await put(people.buyer, 'house', dear);
    expect(await admit(people.buyer, 'import/house')).toMatchObject({ status: 400 });
    expect(await admit(people.buyer, 'global/import/house')).toMatchObject({ status: 200 });
    expect(await routesOf(people.buyer)).toContain('global/import/house');
    // Whoever sells it calls it as its own.
    const own = await admit(people.seller, 'import/house');
    expect(own.order?.terms).toMatchObject([{ prices: {}, feeBps: 0 }]);
  });
});
