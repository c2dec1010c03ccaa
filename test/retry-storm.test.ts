import { Rotation } from '@aisbf/contracts';
import { FakeUpstream, MarketUnderTest, type TestBuyer, type UpstreamScript } from '@aisbf/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type StreamEnd, streamChat } from './chat-stream.js';

const prices = { prompt: 1_000_000n, completion: 2_000_000n };
/** Two hosted APIs and two sellers' machines, any of which may be tried four times over by a request. */
let market: MarketUnderTest;
let hosted: FakeUpstream[];
let machines: FakeUpstream[];
let buyer: TestBuyer;

const failing: UpstreamScript = (call) => call.status(500, '{"error":{"message":"down"}}');
const breaking: UpstreamScript = async (call) => {
  await call.raw('data: {"choi');
  call.cut();
};

beforeAll(async () => {
  const upstreams = () => Promise.all([FakeUpstream.start(['m']), FakeUpstream.start(['m'])]);
  [market, hosted, machines] = await Promise.all([
    MarketUnderTest.start(),
    upstreams(),
    upstreams(),
  ]);
  buyer = await market.buyer('alice', {
    credit: 1_000_000_000_000n,
    limits: { requestsPerMinuteMax: 100_000, concurrencyMax: 1_000 },
  });
  const members: { providerId: string; model: string }[] = [];
  for (const [at, upstream] of hosted.entries()) {
    const providerId = await market.operator.createHttpProvider(`cloud${at}`, upstream.url, ['m']);
    await market.operator.putListing(providerId, 'm', prices);
    members.push({ providerId, model: 'm' });
  }
  for (const [at, upstream] of machines.entries()) {
    const shop = await market.shop(`seller${at}`, `rig${at}`, ['m'], prices);
    await market.worker(shop, 'one', { upstreamUrl: upstream.url });
    members.push({ providerId: shop.providerId, model: 'm' });
    await market.untilBuyable(buyer, `rig${at}/m`);
  }
  for (const name of ['errors', 'breaks']) {
    await market.operator.call('PUT', `/api/catalog/rotations/${name}`, Rotation, { members });
  }
  await market.untilBuyable(buyer, 'rotation/errors', 'rotation/breaks');
}, 90_000);

afterAll(async () => {
  const wrongs = await market?.stop();
  await Promise.all([...(hosted ?? []), ...(machines ?? [])].map((one) => one.stop()));
  expect(wrongs).toEqual([]);
}, 60_000);

const attempts = () => [...hosted, ...machines].reduce((sum, { calls }) => sum + calls.length, 0);

function allAre(script: UpstreamScript): void {
  for (const upstream of [...hosted, ...machines]) upstream.on('m', script);
}

/** So many requests, some at a time. */
async function storm(model: string, count: number, atOnce = 20): Promise<StreamEnd[]> {
  const ends: StreamEnd[] = [];
  let left = count;
  const client = async () => {
    while (left > 0) {
      left -= 1;
      const { url } = market;
      ends.push(
        await streamChat({
          ...{ url, apiToken: buyer.apiToken, model },
          fields: { messages: [{ role: 'user', content: 'Hello!' }] },
        }),
      );
    }
  };
  await Promise.all(Array.from({ length: atOnce }, client));
  return ends;
}

describe('with every upstream of a route failing', () => {
  it.each([
    ['errors', failing],
    ['breaks', breaking],
  ])(
    'by %s, upstreams are asked less than 1.2 times a request',
    async (name, script) => {
      allAre(script);
      const requests = 400;
      const before = attempts();
      const ends = await storm(`rotation/${name}`, requests);
      expect(ends.filter(({ isSuccess }) => isSuccess)).toEqual([]);
      expect(attempts() - before).toBeGreaterThanOrEqual(requests / 2);
      expect(attempts() - before).toBeLessThanOrEqual(1.2 * requests);
    },
    60_000,
  );

  it('all requests are served again as soon as they are well', async () => {
    allAre((call) => call.answer(['Well.']));
    const ends = await storm('rotation/errors', 40);
    expect(ends.filter(({ isSuccess }) => !isSuccess)).toEqual([]);
  }, 60_000);
});
