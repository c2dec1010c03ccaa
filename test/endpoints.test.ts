import { endpointNames, endpointPaths } from '@aisbf/contracts';
import { FakeUpstream, MarketUnderTest, type TestBuyer, wav } from '@aisbf/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import OpenAI, { toFile } from 'openai';
import { unevenPrices } from './price.js';
import { settledReceipt } from './settled.js';

let market: MarketUnderTest;
let upstream: FakeUpstream;
let buyer: TestBuyer;
let client: OpenAI;

const endpoints = endpointNames.map((name) => `v1${endpointPaths[name]}`);
const prices = {
  ...unevenPrices,
  others: { image: '40000001', audio_second: '1003', video_second: '700001', request: '17' },
};

beforeAll(async () => {
  [market, upstream] = await Promise.all([MarketUnderTest.start(), FakeUpstream.start(['all'])]);
  buyer = await market.buyer('alice');
  client = new OpenAI({ apiKey: buyer.apiToken, baseURL: `${market.url}/v1`, maxRetries: 0 });
  const shop = await market.shop('sam', 'sams', ['all'], prices);
  await market.worker(shop, 'only', {
    upstreamUrl: upstream.url,
    env: { WORKER_ENDPOINTS: endpoints.join(',') },
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
const settled = ({ headers }: Response) =>
  settledReceipt(market, buyer, headers.get('x-request-id'), prices);

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

  it('changes pictures that come along, and varies them', async () => {
    const image = await toFile(Buffer.from('not really a picture'), 'a "b".png', {
      type: 'image/png',
    });
    const edited = await client.images
      .edit({ model, image: [image, image], prompt: 'more cats', n: 2 })
      .withResponse();
    expect(edited.data.data).toHaveLength(2);
    const pictures = 2 * 765;
    expect((await settled(edited.response)).units).toMatchObject({
      image: 2,
      prompt_token: 2 + pictures,
    });

    const varied = await client.images.createVariation({ model, image }).withResponse();
    expect((await settled(varied.response)).units).toMatchObject({ image: 1, prompt_token: 765 });
    expect(upstream.calls.at(-1)?.text).toContain('not really a picture');
  });

  it('writes down what is said, and is paid for its seconds and words', async () => {
    const file = await toFile(wav(3.2), 'said.wav', { type: 'audio/wav' });
    const { data, response } = await client.audio.transcriptions
      .create({ model, file })
      .withResponse();
    expect(data.text).toBe('Seven plain words are all that was said.');
    const { units } = await settled(response);
    expect(units).toMatchObject({ audio_second: 4, completion_token: 9 });

    const english = await client.audio.translations.create({ model, file }).withResponse();
    expect((await settled(english.response)).units).toMatchObject({ audio_second: 4 });
  });

  it('speaks, and is paid for the seconds that were heard', async () => {
    const response = await client.audio.speech.create({
      model,
      voice: 'alloy',
      input: 'A text to be spoken.',
    });
    expect(Buffer.from(await response.arrayBuffer())).toEqual(wav(2.5));
    expect(response.headers.get('content-type')).toBe('audio/wav');
    expect((await settled(response)).units).toMatchObject({ audio_second: 3, prompt_token: 6 });
  });

  it('makes films, and is paid for the seconds that were asked for', async () => {
    const response = await client
      .post('/video/generations', { body: { model, prompt: 'a cat', seconds: '5' } })
      .asResponse();
    expect(await response.json()).toMatchObject({ data: [{ url: expect.any(String) }] });
    expect((await settled(response)).units).toMatchObject({ video_second: 5 });
  });
});

describe('forms that are none', () => {
  const post = (
    body: NonNullable<RequestInit['body']>,
    headers: Readonly<Record<string, string>> = {},
  ) =>
    fetch(`${market.url}/v1/audio/transcriptions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${buyer.apiToken}`, ...headers },
      body,
    });
  const form = (fields: Readonly<Record<string, string | Blob>>) => {
    const all = new FormData();
    for (const [name, value] of Object.entries(fields)) all.append(name, value);
    return all;
  };
  const sound = new Blob([wav(1)], { type: 'audio/wav' });

  it.each([
    ['JSON', () => post('{}', { 'content-type': 'application/json' }), 400, 'form_invalid'],
    [
      'without a boundary',
      () => post('x', { 'content-type': 'multipart/form-data' }),
      400,
      'form_invalid',
    ],
    [
      'cut short',
      () =>
        post('--x\r\ncontent-disposition: form-data; name="model"\r\n\r\nm', {
          'content-type': 'multipart/form-data; boundary=x',
        }),
      400,
      'form_invalid',
    ],
    ['without a file', () => post(form({ model: 'm' })), 400, 'missing_required_parameter'],
    ['without a model', () => post(form({ file: sound })), 400, 'missing_required_parameter'],
    [
      'with a file that is no sound',
      () => post(form({ model: 'm', file: new Blob(['words']) })),
      400,
      'media_unreadable',
    ],
    [
      'with wishes that are no JSON',
      () => post(form({ model: 'm', file: sound, provider: 'x' })),
      400,
      'invalid_type',
    ],
    [
      'with a field too large',
      () => post(form({ model: 'm', prompt: 'x'.repeat(1_100_000), file: sound })),
      413,
      'form_too_large',
    ],
    [
      'with more fields than any has',
      () => post(form(Object.fromEntries([...Array(80).keys()].map((at) => [`f${at}`, 'x'])))),
      413,
      'form_too_large',
    ],
  ] as const)('%s are refused', async (_name, send, status, code) => {
    const response = await send();
    expect(await response.json()).toMatchObject({ error: { code } });
    expect(response.status).toBe(status);
  });
});
