import { randomUUID } from 'node:crypto';
import { Provider, Rotation, RouteExplanation } from '@aisbf/contracts';
import { FakeUpstream, MarketUnderTest, type TestBuyer } from '@aisbf/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

const prices = { prompt: 1_000_000n, completion: 2_000_000n };
const dear = { prompt: 9_000_000n, completion: 9_000_000n };
const messages = [{ role: 'user', content: 'Hello!' }];

let market: MarketUnderTest;
let cheap: FakeUpstream;
let costly: FakeUpstream;
let buyer: TestBuyer;
let ids: Readonly<Record<'cheap' | 'costly', string>>;

/** Two hosted providers with one model, of which one costs more and promises more. */
beforeAll(async () => {
  [market, cheap, costly] = await Promise.all([
    MarketUnderTest.start(),
    FakeUpstream.start(['small']),
    FakeUpstream.start(['small']),
  ]);
  buyer = await market.buyer('alice');
  ids = {
    cheap: await market.operator.createHttpProvider('cheap', cheap.url, ['small']),
    costly: await market.operator.createHttpProvider('costly', costly.url, ['small']),
  };
  await market.operator.putListing(ids.cheap, 'small', prices);
  await market.operator.putListing(ids.costly, 'small', dear);
  const data = { isCollected: false, isRetained: false, region: 'eu' };
  await market.operator.call('PATCH', `/api/catalog/providers/${ids.costly}`, Provider, { data });
  await market.operator.call('PUT', '/api/catalog/rotations/both', Rotation, {
    members: [
      { providerId: ids.cheap, model: 'small', weight: 1_000_000 },
      { providerId: ids.costly, model: 'small' },
    ],
  });
  await market.untilBuyable(buyer, 'cheap/small', 'costly/small', 'rotation/both');
}, 60_000);

afterAll(async () => {
  const wrongs = await market?.stop();
  await Promise.all([cheap?.stop(), costly?.stop()]);
  expect(wrongs).toEqual([]);
}, 60_000);

type Answer = Readonly<{ error: Readonly<{ code: string; param: string | null }> }>;

async function post(path: string, body: object, headers: Record<string, string> = {}) {
  const response = await fetch(`${market.url}${path}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${buyer.apiToken}`,
      'content-type': 'application/json',
      ...headers,
    },
    body: JSON.stringify(body),
  });
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Answer,
  };
}

const complete = (fields: object, headers?: Record<string, string>) =>
  post('/v1/chat/completions', { model: 'rotation/both', messages, ...fields }, headers);

const servedBy = async (fields: object, headers?: Record<string, string>) =>
  (await complete(fields, headers)).headers.get('x-aisbf-provider');

describe('a buyer of a rotation', () => {
  it.each<[object, string]>([
    [{ provider: { order: ['costly'] } }, 'global/costly'],
    [{ provider: { ignore: ['cheap'] } }, 'global/costly'],
    [{ provider: { only: ['global/costly'] } }, 'global/costly'],
    [{ provider: { data_collection: 'deny' } }, 'global/costly'],
    [{ provider: { zdr: true } }, 'global/costly'],
    [{ provider: { region: 'eu' } }, 'global/costly'],
    [{ provider: { order: ['costly'], max_price: { completion: 0.002 } } }, 'global/cheap'],
    [{ model: 'rotation/both:floor' }, 'global/cheap'],
    [{ model: 'nobody/nothing', models: ['costly/small'] }, 'global/costly'],
  ])('gets with %j what it wishes', async (fields, provider) => {
    expect(await servedBy(fields)).toBe(provider);
  });

  it('is told which wish leaves nobody, before anybody is asked', async () => {
    const before = cheap.calls.length;
    const { status, headers, body } = await complete({
      model: 'cheap/small',
      provider: { data_collection: 'deny' },
    });
    expect([status, headers.get('x-should-retry'), body.error]).toMatchObject([
      ...[400, 'false'],
      {
        code: 'wishes_unmet',
        param: 'provider',
        message: expect.stringContaining('data_collection: 1'),
      },
    ]);
    expect(cheap.calls).toHaveLength(before);
  });

  it('shows no upstream what only the market understands', async () => {
    await complete({
      provider: { order: ['costly'] },
      models: ['cheap/small'],
      session_id: 'talk',
    });
    const sent = costly.calls.at(-1)?.body ?? {};
    expect(Object.keys(sent).sort()).toEqual(['messages', 'model']);
  });

  it('stays with one provider in one conversation', async () => {
    const session = { 'x-session-id': randomUUID() };
    const first = await servedBy({}, session);
    for (let turn = 0; turn < 5; turn += 1) expect(await servedBy({}, session)).toBe(first);
  });

  it('is refused a session that has no name', async () => {
    const { status, body } = await complete({}, { 'x-session-id': 'x'.repeat(257) });
    expect([status, body.error.param]).toEqual([400, 'x-session-id']);
  });
});

describe('an explanation', () => {
  const explain = async (fields: object) => {
    const answer = await post('/v1/route/explain', { model: 'rotation/both', messages, ...fields });
    expect(answer.status).toBe(200);
    return RouteExplanation.parse(answer.body);
  };

  it('names who would be asked in which order, and who would not and why', async () => {
    const explained = await explain({ provider: { zdr: true } });
    expect(explained).toMatchObject({
      route: 'rotation/both',
      candidates: [
        {
          provider: 'global/costly',
          kind: 'http',
          isOwn: false,
          prices: { prompt_token: '9000000' },
        },
      ],
      rejections: [{ providerLabel: 'global/cheap', model: 'small', reason: 'data_retained' }],
      attemptsMax: 1,
      refusal: null,
    });
    expect(Number(explained.holdAmount)).toBeGreaterThan(0);
  });

  it('says what a request would be told that nobody can serve', async () => {
    expect(await explain({ provider: { ignore: ['cheap', 'costly'] } })).toMatchObject({
      candidates: [],
      holdAmount: null,
      refusal: { code: 'wishes_unmet', message: expect.stringContaining('ignore: 2') },
    });
  });

  it('asks nobody and holds nothing', async () => {
    const before = [cheap.calls.length, costly.calls.length];
    const balance = () => market.wallet(buyer);
    const held = await balance();
    await explain({});
    expect([cheap.calls.length, costly.calls.length]).toEqual(before);
    expect(await balance()).toEqual(held);
  });

  it('opens no door: neither addresses nor credentials are in it', async () => {
    const text = JSON.stringify(await explain({}));
    expect(text).not.toContain(cheap.url);
    expect(text.toLowerCase()).not.toContain('bearer');
  });

  it('refuses what a completion refuses', async () => {
    const unknown = await post('/v1/route/explain', { model: 'nobody/nothing', messages });
    expect([unknown.status, unknown.body.error.code]).toEqual([404, 'model_not_found']);
    const odd = await post('/v1/route/explain', { messages });
    expect([odd.status, odd.body.error.param]).toEqual([400, 'model']);
  });
});
