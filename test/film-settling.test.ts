import { FilmStudio, MarketUnderTest, type TestBuyer, until } from '@aisbf/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import OpenAI from 'openai';
import { costOf, unevenPrices } from './price.js';

const prices = { ...unevenPrices, others: { video_second: '70000001', request: '17' } };
const model = 'sams/films';

let market: MarketUnderTest;
let buyer: TestBuyer;
let studio: FilmStudio;
let client: OpenAI;

beforeAll(async () => {
  // Films are looked after at once, whether their buyer asks or not.
  const gateway = { GATEWAY_VIDEO_WATCH_MS: '100', GATEWAY_VIDEO_AGAIN_MS: '400' };
  market = await MarketUnderTest.start({ serviceEnv: { gateway } });
  buyer = await market.buyer('alice');
  const { username, provider, registrationToken } = await market.shop(
    ...(['sam', 'sams', ['films'], prices] as const),
  );
  const identity = { scope: username, provider, clientId: 'one', registrationToken };
  studio = await FilmStudio.connect({ marketUrl: market.url, ...identity }, ['films']);
  await market.untilBuyable(buyer, model);
  client = new OpenAI({ apiKey: buyer.apiToken, baseURL: `${market.url}/v1`, maxRetries: 0 });
}, 60_000);

afterAll(async () => {
  studio?.stop();
  expect(await market?.stop()).toEqual([]);
}, 60_000);

/** Whoever settles this request waits within its transaction until it is let on. */
async function stopped(requestId: string) {
  const letOn = await market.lock('SELECT FROM hold WHERE id = $1 FOR UPDATE', [requestId]);
  const isWaitedFor = async () => {
    const waiting = await market.query(
      `SELECT FROM pg_stat_activity
       WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    );
    return waiting.length > 0;
  };
  return { isWaitedFor, letOn };
}

describe('a film that is just being paid for', () => {
  it.each([[['gateway']], [['accounts']], [['gateway', 'accounts']]] as const)(
    'is paid for once though %j is killed in the middle of it',
    async (names) => {
      const before = await market.restingWallet(buyer);
      const { data: video, response } = await client.videos
        .create({ model: model as 'sora-2', prompt: 'a cat', seconds: '8' })
        .withResponse();
      const requestId = response.headers.get('x-request-id') ?? '';
      const settling = await stopped(requestId);
      studio.end(studio.last, 'completed');
      await until(settling.isWaitedFor);
      const services = names.map((name) => market.market.services[name]);
      await Promise.all(services.map((service) => service.kill('SIGKILL')));
      await settling.letOn();
      await Promise.all(services.map((service) => service.restart()));

      const receipt = await market.receipt(buyer, requestId, 20_000);
      expect(receipt).toMatchObject({ outcome: 'completed', units: { video_second: 8 } });
      expect(BigInt(receipt.charge)).toBe(costOf(receipt.units, prices));
      const seen = await until(() => client.videos.retrieve(video.id), { timeoutMs: 20_000 });
      expect(seen.status).toBe('completed');
      const after = await market.restingWallet(buyer);
      expect(before.posted - after.posted).toBe(BigInt(receipt.charge));
      const ended = await market.query('SELECT FROM receipt WHERE id = $1', [requestId]);
      expect(ended).toHaveLength(1);
    },
    90_000,
  );

  it('is told of nobody, and paid by nobody, before the ledger has said so', async () => {
    const { data: video, response } = await client.videos
      .create({ model: model as 'sora-2', prompt: 'a cat' })
      .withResponse();
    const settling = await stopped(response.headers.get('x-request-id') ?? '');
    studio.end(studio.last, 'completed');
    let isTold = false;
    const told = client.videos.retrieve(video.id).then((seen) => {
      isTold = true;
      return seen;
    });
    await until(settling.isWaitedFor);
    expect(isTold).toBe(false);
    await settling.letOn();
    expect((await told).status).toBe('completed');
  }, 60_000);
});
