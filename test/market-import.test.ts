import {
  Balance,
  CreatedApiToken,
  Import,
  MarketPage,
  Provider,
  Rotation,
  RouteExplanation,
} from '@aisbf/contracts';
import type { Management } from '@aisbf/one-machine';
import { MarketUnderTest, type TestBuyer, type TestShop } from '@aisbf/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import OpenAI from 'openai';
import { costOf, unevenPrices } from './price.js';

const messages = [{ role: 'user' as const, content: 'How many tokens is this?' }];
const model = 'demo-small';
/** What the platform keeps of a sale, in basis points. */
const feeBps = 500n;
const scopes = ['inference', 'manage', 'usage'] as const;
/** What alice calls it, and every other name that it could have. */
const route = 'import/hers';
const routes = [route, 'imports/hers', 'user-import/hers', 'alice/import/hers', 'hers'];

let market: MarketUnderTest;
let shop: TestShop;
let seller: Management;
let alice: TestBuyer;
let bob: TestBuyer;

/** A seller with a worker; a buyer who imports from it; another one who would like to know. */
beforeAll(async () => {
  market = await MarketUnderTest.start();
  alice = await market.buyer('alice', { scopes });
  bob = await market.buyer('bob', { scopes });
  shop = await market.shop('sam', 'sams', [model], unevenPrices);
  seller = market.operator.as(await market.operator.createApiToken('sam', ['manage', 'usage']));
  await market.worker(shop, 'only');
  await market.untilBuyable(alice, `sams/${model}`);
}, 60_000);

afterAll(async () => {
  const wrongs = await market?.stop();
  expect(wrongs).toEqual([]);
}, 60_000);

const as = ({ apiToken }: TestBuyer) => market.operator.as(apiToken);
const sdk = ({ apiToken }: Pick<TestBuyer, 'apiToken'>) =>
  new OpenAI({ apiKey: apiToken, baseURL: `${market.url}/v1`, maxRetries: 0 });

const putImport = (more: object = {}) =>
  as(alice).call('PUT', '/api/catalog/imports/hers', Import, {
    listing: `sam/sams/${model}`,
    ...more,
  });

const price = (completion: bigint) =>
  seller.putListing(shop.providerId, model, { ...unevenPrices, completion });

const ask = (buyer: Pick<TestBuyer, 'apiToken'>, name: string) =>
  sdk(buyer).chat.completions.create({ model: name, messages, max_tokens: 20 }).withResponse();

/** What the ledger says of a request that has ended. */
async function ledgerOf({ response }: Readonly<{ response: Response }>) {
  const requestId = response.headers.get('x-request-id') ?? '';
  const receipt = await market.receipt(alice, requestId);
  const [row] = await market.query<{ owner_id: string; fee: string }>(
    'SELECT owner_id, fee FROM receipt WHERE id = $1',
    [requestId],
  );
  return { receipt, row };
}

const earned = async () =>
  BigInt((await seller.call('GET', '/api/account/balance', Balance)).earned);

/** A token of alice's that may do less. */
const tokenWith = (limits: object) =>
  as(alice).call('POST', '/api/account/api-tokens', CreatedApiToken, {
    ...{ name: 'limited', scopes: ['inference'], ...limits },
  });

async function listed(buyer: TestBuyer): Promise<readonly string[]> {
  const ids: string[] = [];
  for await (const { id } of sdk(buyer).models.list()) ids.push(id);
  return ids;
}

async function explained(buyer: TestBuyer, name: string): Promise<RouteExplanation> {
  const response = await fetch(`${market.url}/v1/route/explain`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${buyer.apiToken}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ model: name, messages }),
  });
  expect(response.status).toBe(200);
  return RouteExplanation.parse(await response.json());
}

describe('a buyer', () => {
  it('finds what is on sale, and brings it under a name of her own', async () => {
    const path = '/api/catalog/market?text=DEMO&max_completion_token=600777777&sort=price';
    const { listings } = await as(alice).call('GET', path, MarketPage);
    expect(listings).toEqual([
      expect.objectContaining({
        ...{ listing: `sam/sams/${model}`, route: `sams/${model}`, seller: 'sam' },
        ...{ source: 'workers', isOwn: false },
        prices: { prompt_token: '150333333', completion_token: '600777777' },
      }),
    ]);
    const dear = '/api/catalog/market?max_completion_token=600777776';
    expect((await as(alice).call('GET', dear, MarketPage)).listings).toEqual([]);
    const imported = await putImport({ note: 'for the shop window' });
    expect(imported).toMatchObject({ route, state: 'callable', username: 'alice' });
    expect(await listed(alice)).toContain(route);
  });

  it('calls it by each of its names with the official client, pays, and the seller is paid', async () => {
    for (const name of routes) {
      const before = await market.restingWallet(alice);
      const had = await earned();
      const { data, response } = await ask(alice, name);
      expect(data.choices).toHaveLength(1);
      expect(response.headers.get('x-aisbf-provider')).toBe('sam/sams');
      const { receipt, row } = await ledgerOf({ response });
      const charge = costOf(receipt.units);
      expect(receipt).toMatchObject({ state: 'settled', charge: String(charge), route: name });
      expect(row?.owner_id).toBe(alice.ownerId);
      const after = await market.restingWallet(alice);
      expect(after.posted).toBe(before.posted - charge);
      const fee = (charge * feeBps) / 10_000n;
      expect(BigInt(row?.fee ?? 0)).toBe(fee);
      expect(await earned()).toBe(had + charge - fee);
    }
  }, 60_000);

  it('streams it, and is told by the explanation which import led there', async () => {
    const stream = await sdk(alice).chat.completions.create({
      model: route,
      messages,
      stream: true,
    });
    let chunks = 0;
    for await (const _chunk of stream) chunks += 1;
    expect(chunks).toBeGreaterThan(1);
    expect(await explained(alice, route)).toMatchObject({
      candidates: [{ provider: 'sam/sams', import: 'alice/import/hers' }],
    });
  });

  it('gets it as a member of her rotation', async () => {
    const { id } = await as(alice).call('GET', '/api/catalog/imports/hers', Import);
    const path = '/api/catalog/rotations/hers';
    await as(alice).call('PUT', path, Rotation, { members: [{ importId: id }] });
    const { response } = await ask(alice, 'rotation/hers');
    expect(response.headers.get('x-aisbf-provider')).toBe('sam/sams');
  });

  it('is refused before any hold when the seller asks more than she takes', async () => {
    await putImport({ maxPrices: { completion_token: String(unevenPrices.completion) } });
    await ask(alice, route);
    const before = await market.restingWallet(alice);
    const [held] = await market.query<{ count: string }>('SELECT count(*) FROM receipt');
    await price(unevenPrices.completion + 1n);
    for (const name of [...routes, 'rotation/hers']) {
      await expect(ask(alice, name)).rejects.toMatchObject({
        status: 400,
        code: 'price_above_max',
      });
    }
    expect(await market.wallet(alice)).toEqual(before);
    expect(await market.query('SELECT count(*) FROM receipt')).toEqual([held]);
    expect(await explained(alice, route)).toMatchObject({
      candidates: [],
      rejections: [{ reason: 'price_above_import_max', import: 'alice/import/hers' }],
      ...{ holdAmount: null, refusal: { code: 'price_above_max' } },
    });
    expect(await listed(alice)).not.toContain(route);
    await ask(alice, `sams/${model}`);
    await price(unevenPrices.completion);
    await ask(alice, route);
  });

  it('is held to what her token may call and spend', async () => {
    const refusals = [
      [{ rules: { routes: ['sams/*'] } }, { status: 403, code: 'route_not_allowed' }],
      [{ rules: { models: ['another'] } }, { status: 403, code: 'route_not_allowed' }],
      [{ budgets: [{ period: 'day', amount: '1' }] }, { status: 402, code: 'budget_exceeded' }],
    ] as const;
    for (const [limits, refusal] of refusals) {
      await expect(ask(await tokenWith(limits), route)).rejects.toMatchObject(refusal);
    }
    const fitting = await tokenWith({ rules: { routes: ['import/*'], models: [model] } });
    expect((await ask(fitting, route)).data.choices).toHaveLength(1);
  });
});

describe('another tenant', () => {
  it('can neither see nor call it, by any name', async () => {
    expect(await listed(bob)).not.toEqual(
      expect.arrayContaining([expect.stringContaining('hers')]),
    );
    for (const name of [...routes, 'alice/rotation/hers']) {
      await expect(ask(bob, name)).rejects.toMatchObject({ status: 404, code: 'model_not_found' });
    }
    const response = await fetch(`${market.url}/api/catalog/imports/hers`, {
      headers: { authorization: `Bearer ${bob.apiToken}` },
    });
    expect(response.status).toBe(404);
  });
});

describe('a seller who takes the buyer out', () => {
  const open = (policy: object) =>
    seller.call('PATCH', `/api/catalog/providers/${shop.providerId}`, Provider, { policy });

  it('leaves an import that says to its owner why it leads nowhere, until she is let in again', async () => {
    const refused = { status: 404, code: 'model_not_found' };
    const why = { ...refused, message: expect.stringContaining('This import of yours') };
    for (const policy of [{ audience: 'private' }, { audience: 'listed', usernames: ['bob'] }]) {
      await open(policy);
      await expect(ask(alice, route)).rejects.toMatchObject(why);
      const { listings } = await as(alice).call('GET', '/api/catalog/market', MarketPage);
      expect(listings).toEqual([]);
    }
    await expect(ask(bob, route)).rejects.toMatchObject({
      ...{ ...refused, message: expect.not.stringContaining('import') },
    });
    await open({});
    expect((await ask(alice, route)).data.choices).toHaveLength(1);
  });
});
