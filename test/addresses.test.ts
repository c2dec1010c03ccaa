import { CreatedApiToken, Provider, Rotation } from '@aisbf/contracts';
import { FakeUpstream, MarketUnderTest, type TestBuyer } from '@aisbf/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import OpenAI, { APIError } from 'openai';

const prices = { prompt: 1_000_000n, completion: 2_000_000n };
const messages = [{ role: 'user' as const, content: 'Hello!' }];

let market: MarketUnderTest;
let upstream: FakeUpstream;
let buyer: TestBuyer;

/** The operator's provider and rotation, and beside them one of somebody else, of which nothing is on sale. */
beforeAll(async () => {
  const models = ['small', 'hosted/odd'];
  [market, upstream] = await Promise.all([MarketUnderTest.start(), FakeUpstream.start(models)]);
  buyer = await market.buyer('alice');
  const { operator } = market;
  const hosted = await operator.createHttpProvider('hosted', upstream.url, models);
  for (const model of models) await operator.putListing(hosted, model, prices);
  const data = { isCollected: false, isRetained: false, region: 'eu' };
  await operator.call('PATCH', `/api/catalog/providers/${hosted}`, Provider, { data });
  const members = [{ providerId: hosted, model: 'small' }];
  await operator.call('PUT', '/api/catalog/rotations/main', Rotation, { members });
  await operator.ensureUser('sam');
  const sam = operator.as(await operator.createApiToken('sam', ['manage']));
  const hidden = await sam.ensureWorkerProvider('hidden');
  await sam.putRotation('secret', [{ providerId: hidden.providerId, model: 'small' }]);
  await market.untilBuyable(buyer, 'hosted/small', 'hosted/hosted/odd', 'rotation/main');
}, 60_000);

afterAll(async () => {
  const wrongs = await market?.stop();
  await upstream?.stop();
  expect(wrongs).toEqual([]);
}, 60_000);

const sdk = (base: string, apiKey = buyer.apiToken) =>
  new OpenAI({ apiKey, baseURL: `${market.url}${base}`, maxRetries: 0 });

const listAt = async (base: string, apiKey?: string) =>
  (await sdk(base, apiKey).models.list()).data.map(({ id }) => id).sort();

const get = (path: string, apiToken?: string) =>
  fetch(`${market.url}${path}`, {
    ...(apiToken && { headers: { authorization: `Bearer ${apiToken}` } }),
  });

const bases = ['/api', '/api/u/alice'];
const at = (...words: readonly string[]) =>
  bases.flatMap((base) => words.flatMap((word) => [`${base}/${word}`, `${base}/${word}/v1`]));

type Place = readonly [base: string, name: string, route: string, listed: readonly string[]];
const ofProvider = ['hosted/hosted/odd', 'hosted/small'];
const builtIn = [
  'balanced',
  'cheap',
  'fast',
  'hosted-fallback',
  'long-context',
  'media',
  'private',
];
const selecting = builtIn.map((name) => `autoselect/${name}`).sort();
const places: readonly Place[] = [
  ...at('hosted').map((base): Place => [base, 'small', 'hosted/small', ofProvider]),
  ...at('hosted').map((base): Place => [base, 'hosted/small', 'hosted/small', ofProvider]),
  ...at('rotations', 'rotation').map(
    (base): Place => [base, 'main', 'rotation/main', ['rotation/main']],
  ),
  ...at('autoselect', 'autoselections').map(
    (base): Place => [base, 'cheap', 'autoselect/cheap', selecting],
  ),
];

describe('the official SDK', () => {
  it.each(places)('at %s with the model %s buys %s', async (base, model, route, listed) => {
    const client = sdk(base);
    expect(await listAt(base)).toEqual(listed);
    expect((await client.models.retrieve(model)).id).toBe(route);
    const { data, response } = await client.chat.completions
      .create({ model, messages })
      .withResponse();
    expect(data.choices[0]?.message.content).toBe('A fake answer of seven plain words.');
    expect(response.headers.get('x-aisbf-route')).toBe(route);
    const receipt = await market.receipt(buyer, response.headers.get('x-request-id') ?? '');
    expect(receipt).toMatchObject({ route, servedBy: { provider: 'global/hosted' } });

    const stream = await client.chat.completions.create({ model, messages, stream: true });
    let text = '';
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
    expect(text).toBe('A fake answer of seven plain words.');
    expect(upstream.calls.at(-1)?.body.model).toMatch(/^(small|hosted\/odd)$/);
  });

  it.each([
    ['/api/hosted', 'hosted/odd'],
    ['/api/hosted', 'rotation/main'],
    ['/api/rotations', 'cheap'],
    ['/api/autoselections', 'hosted/small'],
    ['/api/hidden', 'small'],
    ['/api/rotations', 'secret'],
    ['/api/rotations', 'sam/rotation/secret'],
  ])('at %s finds no %s', async (base, model) => {
    const asked = sdk(base).chat.completions.create({ model, messages });
    const refused = await asked.catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(APIError);
    expect(refused).toMatchObject({ status: 404, code: 'model_not_found' });
  });

  it('finds nothing at a provider of which somebody else sells nothing', async () => {
    expect(await listAt('/api/hidden')).toEqual([]);
  });

  it.each(['/api/u/sam/hosted', '/api/u/sam/rotations/v1'])(
    "is not served at another user's %s",
    async (base) => {
      const refused = await sdk(base)
        .models.list()
        .then(undefined, (error: unknown) => error);
      expect(refused).toMatchObject({ status: 403 });
    },
  );

  it('is explained at an address what it would be at /v1', async () => {
    const ask = async (base: string, model: string) => {
      const answer = await sdk(base).post<object>('/route/explain', {
        body: { model, messages },
        headers: { 'x-request-id': 'the-same-dice' },
      });
      return { ...answer, seed: undefined };
    };
    expect(await ask('/api/hosted', 'small')).toEqual(await ask('/v1', 'hosted/small'));
  });
});

describe('a token that may call one rotation', () => {
  let apiToken: string;

  beforeAll(async () => {
    const rules = { routes: ['rotation/*'], models: [], addresses: [] };
    const request = { name: 'one', username: 'alice', scopes: ['inference'], rules };
    const path = '/api/account/api-tokens';
    ({ apiToken } = await market.operator.call('POST', path, CreatedApiToken, request));
  });

  it.each([
    ['/v1', ['rotation/main']],
    ['/api/rotations', ['rotation/main']],
    ['/api/hosted', []],
    ['/api/autoselect', []],
  ])('sees at %s %j', async (base, ids) => {
    expect(await listAt(base, apiToken)).toEqual(ids);
  });

  it('sees in each list that, and nothing else', async () => {
    const list = async (path: string) => (await get(path, apiToken)).json();
    const empty = { object: 'list', data: [] };
    expect(await list('/v1/providers')).toEqual(empty);
    expect(await list('/api/hosted/autoselects')).toEqual(empty);
    expect(await list('/api/u/alice/rotations')).toMatchObject({
      data: [{ id: 'rotation/main', members: [{ provider: 'global/hosted', model: 'small' }] }],
    });
    expect(await list('/api/tags')).toMatchObject({ models: [{ name: 'rotation/main' }] });
  });

  it('may call that, and at the address of a provider nothing', async () => {
    const rotation = sdk('/api/rotations', apiToken).chat.completions;
    expect((await rotation.create({ model: 'main', messages })).choices).toHaveLength(1);
    const provider = sdk('/api/hosted', apiToken).chat.completions;
    const refused = await provider.create({ model: 'small', messages }).catch((error) => error);
    expect(refused).toMatchObject({ status: 403, code: 'route_not_allowed' });
  });
});

describe('the lists', () => {
  it('name the provider with what its owner promises, and not what others keep to themselves', async () => {
    const response = await get('/v1/providers', buyer.apiToken);
    expect(await response.json()).toEqual({
      object: 'list',
      data: [
        {
          ...{ id: 'global/hosted', object: 'provider', owned_by: 'global', name: 'hosted' },
          ...{ created: expect.any(Number), kind: 'hosted', is_own: false, models: 2 },
          ...{ collects_data: false, retains_data: false, region: 'eu' },
        },
      ],
    });
    for (const path of ['/v1/providers', '/v1/rotations', '/v1/autoselects', '/api/tags']) {
      expect(await (await get(path, buyer.apiToken)).text()).not.toMatch(/hidden|secret/);
    }
  });

  it.each([
    ...['/v1/providers', '/api/v1/rotations', '/api/u/alice/autoselects', '/api/tags'],
    '/api/u/alice/tags',
  ])('are shown to nobody without a token: %s', async (path) => {
    const response = await get(path);
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({ error: { code: 'invalid_api_key' } });
  });

  it('tell an Ollama program what the token can call, and anybody the version', async () => {
    const { models } = (await (await get('/api/tags', buyer.apiToken)).json()) as {
      models: readonly { name: string }[];
    };
    expect(models.map(({ name }) => name).sort()).toEqual(await listAt('/v1'));
    for (const base of bases) {
      expect(await (await get(`${base}/version`)).json()).toEqual({
        version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
      });
    }
    expect((await fetch(market.url, { method: 'HEAD' })).status).toBe(200);
    expect((await get('/api/u/sam/tags', buyer.apiToken)).status).toBe(403);
  });
});
