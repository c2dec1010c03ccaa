import { countPromptTokens } from '@aisbf/metering';
import { FakeUpstream, fakeResponse, MarketUnderTest, type TestBuyer } from '@aisbf/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import OpenAI from 'openai';
import { costOf, unevenPrices } from './price.js';
import { sellBothWays } from './sell-both-ways.js';
import { settledReceipt } from './settled.js';

let market: MarketUnderTest;
let upstream: FakeUpstream;
let buyer: TestBuyer;
let client: OpenAI;

const prices = { ...unevenPrices, others: { request: '17' } };
const answer = 'A fake answer of seven plain words.';

const weather = {
  type: 'function',
  name: 'weather',
  description: 'Tells the weather.',
  strict: true,
  parameters: { type: 'object', properties: { city: { type: 'string' } } },
} as const;

beforeAll(async () => {
  [market, upstream] = await Promise.all([MarketUnderTest.start(), FakeUpstream.start(['say'])]);
  buyer = await market.buyer('alice');
  client = new OpenAI({ apiKey: buyer.apiToken, baseURL: `${market.url}/v1`, maxRetries: 0 });
  const native = { workerPaths: 'v1/responses,v1/messages', endpoint: 'responses' } as const;
  await sellBothWays({ market, upstream, buyer }, native, prices);
  const { operator } = market;
  const deaf = await operator.createHttpProvider('deaf', upstream.url, ['say'], ['embeddings']);
  await operator.putListing(deaf, 'say', prices);
  await market.untilBuyable(buyer, 'deaf/say');
}, 60_000);

afterAll(async () => {
  const wrongs = await market?.stop();
  await upstream?.stop();
  expect(wrongs).toEqual([]);
}, 60_000);

beforeEach(() => {
  upstream.calls.length = 0;
  upstream.on('say', (call) =>
    call.path === '/v1/responses' ? call.typed(fakeResponse([answer])) : call.answer([answer]),
  );
});

/** The receipt behind a response, whose charge is what its units cost. */
const settled = (responseId: string) =>
  settledReceipt(market, buyer, responseId.replace('resp_', 'req_'), prices);

const prompt_token = countPromptTokens({ messages: [{ role: 'user', content: 'one two' }] });
const units = { prompt_token, completion_token: 8, request: 1 };

const routes = [
  ['hosted/say', '/v1/chat/completions'],
  ['sams/say', '/v1/chat/completions'],
  ['native/say', '/v1/responses'],
  ['toms/say', '/v1/responses'],
] as const;

describe.each(routes)('%s, asked at %s', (model, path) => {
  it('responds, and is paid for what was said', async () => {
    const response = await client.responses.create({ model, input: 'one two' });
    expect(response).toMatchObject({ object: 'response', status: 'completed', store: true });
    expect(response.output_text).toBe(answer);
    expect(response.id).toMatch(/^resp_[0-9a-f]{32}$/);
    expect((await settled(response.id)).units).toEqual(units);
    expect(upstream.calls.map((call) => call.path)).toEqual([path]);
  });

  it('responds in typed events with numbers', async () => {
    const stream = client.responses.stream({ model, input: 'one two' });
    const numbers: number[] = [];
    let text = '';
    stream.on('event', (event) => numbers.push(event.sequence_number));
    stream.on('response.output_text.delta', ({ delta }) => {
      text += delta;
    });
    const response = await stream.finalResponse();
    expect(text).toBe(answer);
    expect(response.output_text).toBe(answer);
    expect(numbers).toEqual(numbers.map((_number, place) => place));
    expect(response.usage?.output_tokens).toBe(8);
    expect((await settled(response.id)).units).toEqual(units);
  });

  it('is asked to keep nothing', async () => {
    await client.responses.create({ model, input: 'one two', store: true });
    const [call] = upstream.calls;
    expect(call?.body.store).toBe(path === '/v1/responses' ? false : undefined);
  });
});

it('is served by whoever is left, in whichever form that one is asked', async () => {
  upstream.on('say', (call) =>
    call.path === '/v1/responses' ? call.status(500, '{}') : call.answer([answer]),
  );
  const wish = { model: 'native/say', models: ['hosted/say'] };
  const response = await client.responses.create({ ...wish, input: 'one two' });
  expect(response.output_text).toBe(answer);
  expect(upstream.calls.map(({ path }) => path)).toEqual(['/v1/responses', '/v1/chat/completions']);
  expect(await settled(response.id)).toMatchObject({ units, attempts: [{}, {}] });
});

it('is explained like any request', async () => {
  const explain = (model: string, endpoint: string) =>
    client.post<{ candidates: { endpoint?: string }[] }>(`/route/explain?endpoint=${endpoint}`, {
      body: { model, input: 'one two' },
    });
  const asChat = await explain('hosted/say', 'responses');
  expect(asChat.candidates).toMatchObject([{ endpoint: 'chat.completions' }]);
  const [asIs] = (await explain('native/say', 'responses')).candidates;
  expect(asIs).not.toHaveProperty('endpoint');
  await expect(explain('hosted/say', 'nonsense')).rejects.toMatchObject({ status: 404 });
});

it('runs once under one key, and is told again as it was', async () => {
  const request = { model: 'hosted/say', input: 'one two' };
  const options = { headers: { 'idempotency-key': 'a key of mine' } };
  const first = await client.responses.create(request, options);
  // As long as it is not, a repeat is told to wait.
  await settled(first.id);
  expect(await client.responses.create(request, options)).toEqual(first);
  expect(upstream.calls).toHaveLength(1);
});

it('gives a model its tools, and the buyer its calls', async () => {
  upstream.on('say', (call) =>
    call.status(
      200,
      JSON.stringify({
        choices: [
          {
            index: 0,
            finish_reason: 'tool_calls',
            message: {
              role: 'assistant',
              content: null,
              tool_calls: [
                {
                  id: 'call_1',
                  type: 'function',
                  function: { name: 'weather', arguments: '{"city":"Oslo"}' },
                },
              ],
            },
          },
        ],
      }),
    ),
  );
  const response = await client.responses.parse({
    model: 'hosted/say',
    input: [{ role: 'user', content: 'How is Oslo?' }],
    tools: [weather],
  });
  expect(response.output).toMatchObject([
    { type: 'function_call', call_id: 'call_1', name: 'weather', arguments: '{"city":"Oslo"}' },
  ]);
  expect(upstream.calls[0]?.body).toMatchObject({
    tools: [{ type: 'function', function: { name: 'weather' } }],
    messages: [{ role: 'user', content: 'How is Oslo?' }],
  });
});

it('sends calls, their results and pictures on in the words of chat', async () => {
  await client.responses.create({
    model: 'hosted/say',
    instructions: 'Be brief.',
    input: [
      {
        role: 'user',
        content: [
          { type: 'input_text', text: 'What is it?' },
          { type: 'input_image', image_url: 'data:image/png;base64,AAAA', detail: 'low' },
        ],
      },
      { type: 'function_call', call_id: 'c1', name: 'look', arguments: '{}' },
      { type: 'function_call_output', call_id: 'c1', output: 'a cat' },
    ],
    tools: [{ ...weather, name: 'look' }],
  });
  expect(upstream.calls[0]?.body.messages).toEqual([
    { role: 'system', content: 'Be brief.' },
    {
      role: 'user',
      content: [
        { type: 'text', text: 'What is it?' },
        { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA', detail: 'low' } },
      ],
    },
    {
      role: 'assistant',
      content: null,
      tool_calls: [{ id: 'c1', type: 'function', function: { name: 'look', arguments: '{}' } }],
    },
    { role: 'tool', tool_call_id: 'c1', content: 'a cat' },
  ]);
});

it.each(['hosted/say', 'native/say'])('%s breaks off with a typed event', async (model) => {
  const heard = Promise.withResolvers<void>();
  upstream.on('say', async (call) => {
    const { events } = fakeResponse(['one ', 'two']);
    if (call.path === '/v1/responses') {
      for (const event of events.slice(0, 4)) await call.typedEvent(event);
    } else await call.say('one ');
    await heard.promise;
    call.cut();
  });
  const types: string[] = [];
  let failed: unknown;
  const read = async () => {
    const stream = await client.responses.create({ model, input: 'one two', stream: true });
    for await (const event of stream) {
      types.push(event.type);
      if (event.type === 'response.output_text.delta') heard.resolve();
      if (event.type === 'response.failed') failed = event.response;
    }
  };
  await expect(read()).rejects.toThrow();
  expect(types.at(-1)).toBe('response.failed');
  expect(failed).toMatchObject({ status: 'failed', error: { code: 'stream_cut' } });
});

it.each(['hosted/say', 'native/say'])('%s ends early where its cost is limited', async (model) => {
  const words = Array.from({ length: 40 }, () => 'word ');
  upstream.on('say', (call) =>
    call.path === '/v1/responses' ? call.typed(fakeResponse(words)) : call.answer(words),
  );
  const costMax = costOf({ ...units, completion_token: 10 }, prices);
  const stream = await client.responses.create({
    ...{ model, input: 'one two', stream: true },
    ...{ max_cost: String(costMax) },
  });
  let text = '';
  let last: OpenAI.Responses.ResponseStreamEvent | undefined;
  for await (const event of stream) {
    if (event.type === 'response.output_text.delta') text += event.delta;
    last = event;
  }
  expect(text).toMatch(/^(word ){5,10}$/);
  expect(last).toMatchObject({
    type: 'response.incomplete',
    response: {
      status: 'incomplete',
      incomplete_details: { reason: 'max_output_tokens' },
      output: [{ content: [{ text }] }],
      x_aisbf: { notice: 'max_cost_reached' },
    },
  });
  const id = last?.type === 'response.incomplete' ? last.response.id : '';
  expect(BigInt((await settled(id)).charge)).toBeLessThanOrEqual(costMax);
});

it('refuses what nobody serves, and what cannot be said, before anything is held', async () => {
  const ask = (body: object) => client.post('/responses', { body }).catch((error) => error);
  expect(await ask({ model: 'deaf/say', input: 'x' })).toMatchObject({
    ...{ status: 501, code: 'endpoint_unsupported' },
  });
  const say = { model: 'hosted/say', input: 'x' };
  expect(await ask({ ...say, tools: [{ type: 'web_search' }] })).toMatchObject({
    ...{ status: 400, code: 'unsupported_parameter', param: 'tools[0].type' },
  });
  expect(await ask({ ...say, background: true })).toMatchObject({
    ...{ status: 501, code: 'unsupported_feature', param: 'background' },
  });
  expect(await ask({ model: 'hosted/say' })).toMatchObject({ status: 400, param: 'input' });
  expect(upstream.calls).toEqual([]);
});
