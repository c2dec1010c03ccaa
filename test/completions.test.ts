import { FakeUpstream, MarketUnderTest, type TestBuyer } from '@aisbf/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import OpenAI from 'openai';
import { unevenPrices } from './price.js';
import { settledReceipt } from './settled.js';

let market: MarketUnderTest;
let upstream: FakeUpstream;
let buyer: TestBuyer;
let client: OpenAI;

const prices = { ...unevenPrices, others: { request: '17' } };
const words = ['A ', 'fake ', 'answer ', 'of ', 'seven ', 'plain ', 'words.'];
const answer = words.join('');
const chat = '/v1/chat/completions';
const older = '/v1/completions';

/** Who chats, and who has the older completions too; a hosted API and a worker of each. */
beforeAll(async () => {
  [market, upstream] = await Promise.all([MarketUnderTest.start(), FakeUpstream.start(['say'])]);
  buyer = await market.buyer('alice');
  client = new OpenAI({ apiKey: buyer.apiToken, baseURL: `${market.url}/v1`, maxRetries: 0 });
  const { operator } = market;
  for (const [name, endpoints] of [
    ['chatting', ['chat.completions']],
    ['able', ['chat.completions', 'completions']],
  ] as const) {
    const id = await operator.createHttpProvider(name, upstream.url, ['say'], endpoints);
    await operator.putListing(id, 'say', prices);
  }
  for (const [name, paths] of [
    ['sam', 'v1/chat/completions'],
    ['tom', 'v1/chat/completions,v1/completions'],
  ] as const) {
    const shop = await market.shop(name, `${name}s`, ['say'], prices);
    const env = { WORKER_ENDPOINTS: paths };
    await market.worker(shop, name, { upstreamUrl: upstream.url, env });
  }
  await market.untilBuyable(buyer, 'chatting/say', 'able/say', 'sams/say', 'toms/say');
}, 60_000);

afterAll(async () => {
  const wrongs = await market?.stop();
  await upstream?.stop();
  expect(wrongs).toEqual([]);
}, 60_000);

beforeEach(() => {
  upstream.calls.length = 0;
  upstream.on('say', async (call) => {
    if (call.path === chat) return call.answer(words);
    if (call.body.stream !== true) return call.status(200, JSON.stringify(fakeTexts(call.body)));
    for (const text of words) await call.raw(eventOf({ text, finish_reason: null }));
    await call.raw(eventOf({ text: '', finish_reason: 'stop' }));
    return call.finish({ finishReason: null });
  });
});

const eventOf = (choice: object) =>
  `data: ${JSON.stringify({ object: 'text_completion', choices: [{ index: 0, ...choice }] })}\n\n`;

const fakeTexts = ({ prompt: asked }: Record<string, unknown>) => ({
  object: 'text_completion',
  choices: [asked].flat().map((_, index) => ({ index, text: answer, finish_reason: 'stop' })),
});

const settled = ({ headers }: Response) =>
  settledReceipt(market, buyer, headers.get('x-request-id'), prices);

const prompt = 'one two';
const units = { prompt_token: 2, completion_token: 8, request: 1 };

describe.each([
  ['chatting/say', chat],
  ['sams/say', chat],
  ['able/say', older],
  ['toms/say', older],
])('%s, asked at %s', (model, path) => {
  it('completes a prompt, and is paid for what was said', async () => {
    const { data, response } = await client.completions
      .create({ model, prompt, max_tokens: 50 })
      .withResponse();
    expect(data).toMatchObject({ object: 'text_completion', choices: [{ text: answer }] });
    expect((await settled(response)).units).toEqual(units);
    expect(upstream.calls.map((call) => call.path)).toEqual([path]);
  });

  it('completes it as a stream', async () => {
    const { data: stream, response } = await client.completions
      .create({ model, prompt, max_tokens: 50, stream: true })
      .withResponse();
    let text = '';
    let end: string | undefined;
    for await (const chunk of stream) {
      const [choice] = chunk.choices;
      text += choice?.text ?? '';
      end = choice?.finish_reason ?? end;
    }
    expect([text, end]).toEqual([answer, 'stop']);
    expect((await settled(response)).units).toEqual(units);
  });
});

it('is not sent to whoever only chats where a chat has no words for it', async () => {
  const two = { prompt: ['one', 'two'], max_tokens: 50 };
  for (const model of ['chatting/say', 'sams/say']) {
    await expect(client.completions.create({ model, ...two })).rejects.toMatchObject({
      ...{ status: 501, code: 'endpoint_unsupported' },
    });
  }
  expect(upstream.calls).toEqual([]);
  const wish = { model: 'chatting/say', models: ['able/say'] };
  const { choices } = await client.completions.create({ ...wish, ...two });
  expect(choices.map(({ text }) => text)).toEqual([answer, answer]);
  expect(upstream.calls.map(({ path }) => path)).toEqual([older]);
});

it('is explained by the endpoint that it would be asked by', async () => {
  const explain = (body: object) =>
    client.post<{ candidates: object[]; rejections: { reason: string }[] }>(
      '/route/explain?endpoint=completions',
      { body },
    );
  const asChat = await explain({ model: 'chatting/say', prompt });
  expect(asChat.candidates).toMatchObject([{ endpoint: 'chat.completions' }]);
  const none = await explain({ model: 'chatting/say', prompt, suffix: 'three' });
  expect(none.candidates).toEqual([]);
  expect(none.rejections).toMatchObject([{ reason: 'endpoint_unsupported' }]);
});
