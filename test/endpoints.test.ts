import { FakeUpstream, MarketUnderTest, type TestBuyer } from '@aisbf/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import OpenAI from 'openai';
import { costOf, unevenPrices } from './price.js';

let market: MarketUnderTest;
let upstream: FakeUpstream;
let buyer: TestBuyer;
let client: OpenAI;

const prices = { ...unevenPrices, others: { image: '40000001', request: '17' } };

beforeAll(async () => {
  [market, upstream] = await Promise.all([MarketUnderTest.start(), FakeUpstream.start(['all'])]);
  buyer = await market.buyer('alice');
  client = new OpenAI({ apiKey: buyer.apiToken, baseURL: `${market.url}/v1`, maxRetries: 0 });
  const shop = await market.shop('sam', 'sams', ['all'], prices);
  await market.worker(shop, 'only', {
    upstreamUrl: upstream.url,
    env: {
      WORKER_ENDPOINTS:
        'v1/completions,v1/embeddings,v1/moderations,v1/rerank,v1/images/generations',
    },
  });
  const hosted = await market.operator.createHttpProvider('hosted', upstream.url, ['all']);
  await market.operator.putListing(hosted, 'all', prices);
  await market.untilBuyable(buyer, 'sams/all', 'hosted/all');
}, 60_000);

afterAll(async () => {
  const wrongs = await market?.stop();
  await upstream?.stop();
  expect(wrongs).toEqual([]);
}, 60_000);

/** The receipt of an answer, whose charge is what its units cost. */
async function settled({ headers }: Response) {
  const receipt = await market.receipt(buyer, headers.get('x-request-id') ?? '');
  expect(receipt).toMatchObject({ state: 'settled', outcome: 'completed' });
  expect(BigInt(receipt.charge)).toBe(costOf(receipt.units, prices));
  return receipt;
}

describe.each(['hosted/all', 'sams/all'])('%s', (model) => {
  it('completes plain prompts, each for itself', async () => {
    const { data, response } = await client.completions
      .create({ model, prompt: ['one', 'two'] })
      .withResponse();
    expect(data.choices.map(({ text }) => text)).toEqual(
      Array(2).fill('A fake answer of seven plain words.'),
    );
    const { units } = await settled(response);
    expect(units).toEqual({ prompt_token: 2, completion_token: 16, request: 1 });
  });

  it('embeds texts, and is paid for what it has read', async () => {
    const { data, response } = await client.embeddings
      .create({ model, input: ['one two', 'three'], encoding_format: 'float' })
      .withResponse();
    expect(data.data).toHaveLength(2);
    const { units } = await settled(response);
    expect(units).toEqual({ prompt_token: 3, completion_token: 0, request: 1 });
  });

  it('judges texts', async () => {
    const { data, response } = await client.moderations
      .create({ model, input: 'one two' })
      .withResponse();
    expect(data.results[0]?.flagged).toBe(false);
    expect((await settled(response)).units).toMatchObject({ prompt_token: 2 });
  });

  it('ranks documents', async () => {
    const response = await client
      .post('/rerank', { body: { model, query: 'one', documents: ['two', 'three'] } })
      .asResponse();
    expect(await response.json()).toMatchObject({ results: [{ index: 0 }, { index: 1 }] });
    expect((await settled(response)).units).toMatchObject({ prompt_token: 3 });
  });

  it('makes pictures, and is paid for each', async () => {
    const { data, response } = await client.images
      .generate({ model, prompt: 'a cat', n: 2 })
      .withResponse();
    expect(data.data).toHaveLength(2);
    expect((await settled(response)).units).toMatchObject({ image: 2, prompt_token: 2 });
  });
});
