import { countPromptTokens } from '@aisbf/metering';
import { FakeUpstream, fakeMessage, MarketUnderTest, type TestBuyer, until } from '@aisbf/testkit';
import Anthropic, { OverloadedError } from '@anthropic-ai/sdk';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { costOf, unevenPrices } from './price.js';
import { sellBothWays } from './sell-both-ways.js';
import { settledReceipt } from './settled.js';

let market: MarketUnderTest;
let upstream: FakeUpstream;
let buyer: TestBuyer;
let client: Anthropic;

const prices = { ...unevenPrices, others: { request: '17' } };
const answer = 'A fake answer of seven plain words.';

const weather = {
  name: 'weather',
  description: 'Tells the weather.',
  input_schema: { type: 'object' as const, properties: { city: { type: 'string' } } },
};

beforeAll(async () => {
  [market, upstream] = await Promise.all([MarketUnderTest.start(), FakeUpstream.start(['say'])]);
  buyer = await market.buyer('alice');
  client = new Anthropic({ apiKey: buyer.apiToken, baseURL: market.url, maxRetries: 0 });
  const native = { workerPaths: 'v1/messages', endpoint: 'messages' } as const;
  await sellBothWays({ market, upstream, buyer }, native, prices);
}, 60_000);

afterAll(async () => {
  const wrongs = await market?.stop();
  await upstream?.stop();
  expect(wrongs).toEqual([]);
}, 60_000);

beforeEach(() => {
  upstream.calls.length = 0;
  upstream.on('say', (call) =>
    call.path === '/v1/messages' ? call.typed(fakeMessage([answer])) : call.answer([answer]),
  );
});

const settled = (requestId: string | null | undefined) =>
  settledReceipt(market, buyer, requestId, prices);

const messages = [{ role: 'user' as const, content: 'one two' }];
const prompt_token = countPromptTokens({ messages });
const units = { prompt_token, completion_token: 8, request: 1 };
const say = { max_tokens: 100, messages };

const routes = [
  ['hosted/say', '/v1/chat/completions'],
  ['sams/say', '/v1/chat/completions'],
  ['native/say', '/v1/messages'],
  ['toms/say', '/v1/messages'],
] as const;

describe.each(routes)('%s, asked at %s', (model, path) => {
  it('answers, and is paid for what was said', async () => {
    const message = await client.messages.create({ model, ...say });
    expect(message).toMatchObject({
      ...{ type: 'message', role: 'assistant', stop_reason: 'end_turn' },
      content: [{ type: 'text', text: answer }],
      usage: { output_tokens: 8 },
    });
    expect((await settled(message._request_id)).units).toEqual(units);
    expect(upstream.calls.map((call) => call.path)).toEqual([path]);
  });

  it('answers in typed events', async () => {
    const stream = client.messages.stream({ model, ...say });
    const types: string[] = [];
    stream.on('streamEvent', ({ type }) => types.push(type));
    const message = await stream.finalMessage();
    expect(message).toMatchObject({
      content: [{ type: 'text', text: answer }],
      stop_reason: 'end_turn',
      usage: { output_tokens: 8 },
    });
    expect(types.filter((type) => type !== 'ping')).toEqual([
      ...['message_start', 'content_block_start', 'content_block_delta'],
      ...['content_block_stop', 'message_delta', 'message_stop'],
    ]);
    expect((await settled(stream.request_id)).units).toEqual(units);
  });

  it('counts a prompt for nothing', async () => {
    const counted = await client.messages.countTokens({ model, messages });
    expect(counted.input_tokens).toBe(prompt_token);
    expect(upstream.calls).toEqual([]);
  });
});

it('is asked with the key of its API', async () => {
  await client.messages.create({ model: 'native/say', ...say });
  expect(upstream.calls[0]?.headers).toMatchObject({ 'anthropic-version': '2023-06-01' });
});

it.each([true, false])(
  'gives a model its tools, thoughts and all (streamed: %s)',
  async (stream) => {
    const call = { name: 'weather', arguments: '{"city":"Oslo"}' };
    const said = {
      reasoning_content: 'Hm.',
      content: 'Let me see.',
      tool_calls: [{ index: 0, id: 'call_1', type: 'function', function: call }],
    };
    upstream.on('say', async (request) => {
      const choice = { index: 0, finish_reason: 'tool_calls' };
      if (!stream) {
        const choices = [{ ...choice, message: { role: 'assistant', ...said } }];
        return request.status(200, JSON.stringify({ choices }));
      }
      const chunk = { choices: [{ ...choice, delta: said }] };
      await request.raw(`data: ${JSON.stringify(chunk)}\n\n`);
      return request.finish({ finishReason: null });
    });
    const asked = {
      model: 'hosted/say',
      max_tokens: 100,
      system: [{ type: 'text' as const, text: 'Be brief.' }],
      messages: [
        { role: 'user' as const, content: 'How is Rome?' },
        {
          role: 'assistant' as const,
          content: [
            { type: 'tool_use' as const, id: 'c0', name: 'weather', input: { city: 'Rome' } },
          ],
        },
        {
          role: 'user' as const,
          content: [
            { type: 'tool_result' as const, tool_use_id: 'c0', content: 'sunny' },
            { type: 'text' as const, text: 'And Oslo?' },
            {
              type: 'image' as const,
              source: { type: 'base64' as const, media_type: 'image/png' as const, data: 'AAAA' },
            },
          ],
        },
      ],
      tools: [weather],
      tool_choice: { type: 'any' as const },
    };
    const message = stream
      ? await client.messages.stream(asked).finalMessage()
      : await client.messages.create(asked);
    expect(message).toMatchObject({
      stop_reason: 'tool_use',
      content: [
        { type: 'thinking', thinking: 'Hm.' },
        { type: 'text', text: 'Let me see.' },
        { type: 'tool_use', id: 'call_1', name: 'weather', input: { city: 'Oslo' } },
      ],
    });
    expect(upstream.calls[0]?.body).toMatchObject({
      tool_choice: 'required',
      tools: [{ type: 'function', function: { name: 'weather' } }],
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'How is Rome?' },
        {
          role: 'assistant',
          tool_calls: [{ id: 'c0', function: { name: 'weather', arguments: '{"city":"Rome"}' } }],
        },
        { role: 'tool', tool_call_id: 'c0', content: 'sunny' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'And Oslo?' },
            { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
          ],
        },
      ],
    });
    const requestId = upstream.calls[0]?.headers['x-request-id'];
    const { units: used } = await settled(String(requestId));
    expect(used.reasoning_token).toBeGreaterThan(0);
  },
);

it.each(['hosted/say', 'native/say'])('%s breaks off with a typed event', async (model) => {
  const heard = Promise.withResolvers<void>();
  upstream.on('say', async (call) => {
    const { events } = fakeMessage(['one ', 'two']);
    if (call.path === '/v1/messages') {
      for (const event of events.slice(0, 4)) await call.typedEvent(event);
    } else await call.say('one ');
    await heard.promise;
    call.cut();
  });
  const read = async () => {
    const stream = await client.messages.create({ model, ...say, stream: true });
    for await (const event of stream) if (event.type === 'content_block_delta') heard.resolve();
  };
  await expect(read()).rejects.toMatchObject({
    error: { type: 'error', error: { type: 'api_error', details: { error_code: 'stream_cut' } } },
  });
});

it.each(['hosted/say', 'native/say'])('%s ends early where its cost is limited', async (model) => {
  const words = Array.from({ length: 40 }, () => 'word ');
  upstream.on('say', (call) =>
    call.path === '/v1/messages' ? call.typed(fakeMessage(words)) : call.answer(words),
  );
  const costMax = costOf({ ...units, completion_token: 10 }, prices);
  const limited = { model, ...say, max_cost: String(costMax) };
  const stream = client.messages.stream(limited);
  const message = await stream.finalMessage();
  expect(message).toMatchObject({ stop_reason: 'max_tokens' });
  expect(message.content).toMatchObject([{ text: expect.stringMatching(/^(word ){5,10}$/) }]);
  expect(BigInt((await settled(stream.request_id)).charge)).toBeLessThanOrEqual(costMax);
});

it('refuses in Anthropic’s words', async () => {
  const ask = (body: object, apiKey = buyer.apiToken) => {
    const asking = new Anthropic({ apiKey, baseURL: market.url, maxRetries: 0 });
    return asking.post('/v1/messages', { body }).then(
      () => undefined,
      (error: InstanceType<typeof Anthropic.APIError>) => error,
    );
  };
  const good = { model: 'hosted/say', ...say };
  expect(await ask(good, 'wrong')).toMatchObject({
    ...{ status: 401, type: 'authentication_error' },
  });
  const missing = await ask({ ...good, model: 'hosted/none' });
  expect(missing).toMatchObject({ status: 404, type: 'not_found_error' });
  expect(missing?.requestID).toMatch(/^req_/);
  expect(await ask({ ...good, max_tokens: undefined })).toMatchObject({
    ...{ status: 400, type: 'invalid_request_error' },
    ...{ details: { error_code: 'missing_required_parameter', param: 'max_tokens' } },
  });
  const tools = [{ type: 'web_search_20250305', name: 'web_search' }];
  expect(await ask({ ...good, tools })).toMatchObject({
    ...{ status: 400, details: { param: 'tools[0].type' } },
  });
  expect(await ask({ ...good, container: 'x' })).toMatchObject({ status: 501 });
  await market.shop('eve', 'empty', ['say'], prices);
  const nobody = { ...good, model: 'eve/provider/empty/say' };
  const overloaded = await until(async () => {
    const error = await ask(nobody);
    return error?.status === 529 && error;
  });
  expect(overloaded).toBeInstanceOf(OverloadedError);
  expect(overloaded).toMatchObject({
    ...{ type: 'overloaded_error', details: { error_code: 'no_candidate' } },
  });
  expect(overloaded.headers?.get('x-should-retry')).toBe('true');
  const poor = await market.buyer('poor', { credit: 1n });
  expect(await ask(good, poor.apiToken)).toMatchObject({
    ...{ status: 402, type: 'billing_error' },
  });
  expect(upstream.calls).toEqual([]);
});
