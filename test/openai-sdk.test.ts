import { setTimeout as pause } from 'node:timers/promises';
import { countPromptTokens, countTextTokens } from '@aisbf/metering';
import { createSecretToken } from '@aisbf/secrets';
import {
  FakeUpstream,
  MarketUnderTest,
  type TestBuyer,
  type UpstreamCall,
  until,
} from '@aisbf/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import OpenAI, {
  APIError,
  APIUserAbortError,
  AuthenticationError,
  NotFoundError,
  PermissionDeniedError,
} from 'openai';
import { costOf, unevenPrices } from './price.js';

let market: MarketUnderTest;
let upstream: FakeUpstream;
let buyer: TestBuyer;
let client: OpenAI;

const sdk = (apiKey: string, base = '/v1') =>
  new OpenAI({ apiKey, baseURL: `${market.url}${base}`, maxRetries: 0 });

const messages = [{ role: 'user' as const, content: 'How many tokens is this?' }];

beforeAll(async () => {
  [market, upstream] = await Promise.all([
    MarketUnderTest.start(),
    FakeUpstream.start(['plain', 'endless']),
  ]);
  upstream.on('endless', async (call) => {
    for (let count = 0; !call.isLeft; count += 1) {
      await call.say(`word${count} `);
      await pause(10);
    }
  });
  buyer = await market.buyer('alice');
  client = sdk(buyer.apiToken);
  const shop = await market.shop('sam', 'sams', ['plain', 'endless'], unevenPrices);
  // One at a time, so that a request which is not given up is noticed by the next.
  await market.worker(shop, 'only', {
    upstreamUrl: upstream.url,
    env: { WORKER_CONCURRENCY: '1' },
  });
  const hosted = await market.operator.createHttpProvider('hosted', upstream.url, ['plain']);
  await market.operator.putListing(hosted, 'plain', unevenPrices);
  await market.untilBuyable(buyer, 'sams/plain', 'sams/endless', 'hosted/plain');
}, 60_000);

afterAll(async () => {
  const wrongs = await market?.stop();
  await upstream?.stop();
  expect(wrongs).toEqual([]);
}, 60_000);

describe('the official SDK', () => {
  it('lists the models with their prices, and finds one by its name', async () => {
    const models = [];
    for await (const model of client.models.list()) {
      if (!model.id.startsWith('autoselect/')) models.push(model);
    }
    expect(models.map(({ id }) => id)).toEqual(['hosted/plain', 'sams/endless', 'sams/plain']);
    expect(models[2]).toMatchObject({
      object: 'model',
      owned_by: 'sam',
      pricing: { prompt_token: '150333333', completion_token: '600777777' },
    });
    expect(await client.models.retrieve('sams/plain')).toEqual(models[2]);
  });

  it('gets an answer from a machine that dialled out to us, and pays for its tokens', async () => {
    const before = await market.restingWallet(buyer);
    const { data, response } = await client.chat.completions
      .create({ model: 'sams/plain', messages })
      .withResponse();
    expect(data.choices[0]).toMatchObject({
      message: { content: 'A fake answer of seven plain words.' },
      finish_reason: 'stop',
    });
    expect(response.headers.get('x-aisbf-provider')).toBe('sam/sams');
    expect(response.headers.get('x-aisbf-attempts')).toBe('1');

    // Six words and a question mark in one message's frame; seven words and a full stop.
    const units = { prompt_token: 13, completion_token: 8, request: 1 };
    const receipt = await market.receipt(buyer, response.headers.get('x-request-id') ?? '');
    expect(receipt).toMatchObject({ state: 'settled', outcome: 'completed', units });
    // 13 × 150.333333 + 8 × 600.777777 = 6760.555545
    expect(receipt.charge).toBe('6761');
    const after = await market.restingWallet(buyer);
    expect(after).toEqual({ posted: before.posted - 6761n, held: 0n });
  });

  it('streams an answer and asks for its usage', async () => {
    const usage = '{"prompt_tokens":13,"completion_tokens":4,"total_tokens":17}';
    upstream.on('plain', (call) => call.answer(['One ', 'two ', 'three.'], { usage }));
    const { data, response } = await client.chat.completions
      .create({
        model: 'sams/plain',
        messages,
        stream: true,
        stream_options: { include_usage: true },
      })
      .withResponse();
    const chunks = [];
    for await (const chunk of data) chunks.push(chunk);
    expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('')).toBe(
      'One two three.',
    );
    expect(chunks.at(-1)?.usage).toMatchObject({ prompt_tokens: 13, completion_tokens: 4 });
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    expect(response.headers.get('x-aisbf-provider')).toBe('sam/sams');

    const receipt = await market.receipt(buyer, response.headers.get('x-request-id') ?? '');
    expect(receipt.reported).toEqual({ promptTokens: 13, completionTokens: 4 });
    expect(receipt.units).toEqual({ prompt_token: 13, completion_token: 4, request: 1 });
    expect(BigInt(receipt.charge)).toBe(costOf(receipt.units));
  });

  it('gets a receipt that tells all of it', async () => {
    const { response } = await client.chat.completions
      .create({ model: 'sams/plain', messages, max_completion_tokens: 50 })
      .withResponse();
    const id = response.headers.get('x-request-id') ?? '';
    const receipt = await until(
      async () => {
        const { data } = await client.get<{ data: { state: string } }>('/generation', {
          query: { id },
        });
        return data.state === 'settled' && data;
      },
      { timeoutMs: 2_000 },
    );
    const session = expect.stringMatching(/.+/);
    const ms = expect.any(Number);
    expect(receipt).toEqual({
      id,
      state: 'settled',
      outcome: 'completed',
      route: 'sams/plain',
      isStream: false,
      createdAt: expect.any(String),
      settledAt: expect.any(String),
      servedBy: { provider: 'sam/sams', model: 'plain', sessionId: session },
      units: { prompt_token: 13, completion_token: 4, request: 1 },
      reported: { promptTokens: 13, completionTokens: 4 },
      finishReason: 'stop',
      prices: { prompt_token: '150333333', completion_token: '600777777' },
      // 13 × 150.333333 + 50 × 600.777777 = 31993.222179
      hold: '31994',
      // 13 × 150.333333 + 4 × 600.777777 = 4357.444437
      charge: '4358',
      chargeUsd: '0.000004358',
      refunded: '0',
      timings: { firstByteMs: ms, totalMs: ms },
      attempts: [
        {
          provider: 'sam/sams',
          model: 'plain',
          sessionId: session,
          result: 'served',
          reason: null,
          httpStatus: 200,
          firstByteMs: ms,
          totalMs: ms,
        },
      ],
      candidates: [
        {
          provider: 'sam/sams',
          model: 'plain',
          prices: { prompt_token: '150333333', completion_token: '600777777' },
        },
      ],
      rejections: [],
    });
  });

  it('is told apart by its token and by its model', async () => {
    const models = { model: 'sams/plain', messages };
    // One that cannot be a token, and one that could: only the ledger can tell.
    for (const apiToken of ['sk-wrong', createSecretToken('aisbf').text]) {
      const wrong = await failureOf(sdk(apiToken).chat.completions.create(models));
      expect(wrong).toBeInstanceOf(AuthenticationError);
      expect(wrong).toMatchObject({ status: 401, code: 'invalid_api_key' });
      expect(wrong.headers?.get('x-should-retry')).toBe('false');
    }

    const unknown = { model: 'sams/unknown', messages };
    const missing = await failureOf(client.chat.completions.create(unknown));
    expect(missing).toBeInstanceOf(NotFoundError);
    expect(missing).toMatchObject({ status: 404, code: 'model_not_found' });
    expect(missing.headers?.get('x-request-id')).toMatch(/^req_/);
    expect(await failureOf(client.models.retrieve('sams/unknown'))).toMatchObject({
      code: 'model_not_found',
    });
  });

  it.each(['/api/v1', '/api/u/alice', '/api/u/alice/v1'])('is served at %s', async (base) => {
    const own = sdk(buyer.apiToken, base);
    const models = (await own.models.list()).data.map(({ id }) => id);
    expect(models).toContain('sams/plain');
    const stream = await own.chat.completions.create({
      model: 'sams/plain',
      messages,
      stream: true,
    });
    let text = '';
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
    expect(text).toBe('One two three.');
  });

  it("is not served at another user's address", async () => {
    const foreign = sdk(buyer.apiToken, '/api/u/sam');
    const refused = await failureOf(
      foreign.chat.completions.create({ model: 'sams/plain', messages }),
    );
    expect(refused).toBeInstanceOf(PermissionDeniedError);
    expect(refused).toMatchObject({ status: 403 });
    expect(await failureOf(foreign.models.list())).toMatchObject({ status: 403 });
  });

  it('stops the work when it hangs up, and pays for what it got', async () => {
    const before = await market.restingWallet(buyer);
    const { data: stream, response } = await client.chat.completions
      .create({ model: 'sams/endless', messages, stream: true })
      .withResponse();
    let text = '';
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? '';
      if (text.includes('word9')) break;
    }
    stream.controller.abort();

    const call = upstream.callsOf('endless').at(-1);
    await until(() => call?.isLeft, { message: 'the machine was told to stop' });
    const receipt = await market.receipt(buyer, response.headers.get('x-request-id') ?? '');
    expect(receipt).toMatchObject({ state: 'settled', outcome: 'buyer_left' });
    const { prompt_token: promptTokens, completion_token: completionTokens } = receipt.units;
    expect(promptTokens).toBe(13);
    expect(completionTokens).toBeGreaterThanOrEqual(countTextTokens(text));
    // What was on its way when the buyer left: a few words, never what was only asked for.
    expect(completionTokens).toBeLessThanOrEqual(countTextTokens(text) + 60);
    expect(BigInt(receipt.charge)).toBe(costOf(receipt.units));
    const after = await market.restingWallet(buyer);
    expect(after).toEqual({ posted: before.posted - BigInt(receipt.charge), held: 0n });

    // The machine does one thing at a time, and is free again.
    const next = await client.chat.completions.create({ model: 'sams/plain', messages });
    expect(next.choices[0]?.message.content).toBe('One two three.');
  });
});

describe('a buyer who leaves before the first word', () => {
  it.each([true, false])('stops the work and pays nothing (streamed: %s)', async (stream) => {
    const before = await market.restingWallet(buyer);
    const asked = Promise.withResolvers<UpstreamCall>();
    const leaving = new AbortController();
    upstream.on('endless', (call) => asked.resolve(call));
    const answer = client.chat.completions.create(
      { model: 'sams/endless', messages, stream },
      { signal: leaving.signal },
    );
    const call = await asked.promise;
    leaving.abort();
    await expect(answer).rejects.toBeInstanceOf(APIUserAbortError);

    await until(() => call.isLeft, { message: 'the machine was told to stop' });
    expect(await market.restingWallet(buyer)).toEqual(before);
    const [entry] = await market.query<{ outcome: string }>(
      'SELECT outcome FROM receipt ORDER BY created_at DESC LIMIT 1',
    );
    expect(entry).toEqual({ outcome: 'not_served' });
    const next = await client.chat.completions.create({ model: 'sams/plain', messages });
    expect(next.choices[0]?.finish_reason).toBe('stop');
  });
});

describe('what a buyer sends', () => {
  // What a JSON parser would spoil: large and exact numbers, repeated keys, unknown fields, odd spacing.
  const rest = `"messages" : [{"role":"user","content":"caf\\u00e9 \\ud83d\\ude00 é"}],
    "temperature": 1.0, "seed": 12345678901234567890, "top_p":1e-1, "stop": ["\\n"],
    "logit_bias": {"50256": -100}, "response_format":{"type":"text"}, "user":"u-1",
    "tools": [{"type":"function","function":{"name":"f","parameters":{"model":"inner"}}}],
    "x_unknown": {"deep":[1,2.50,{"model":"x"}]}, "metadata": {}, "metadata": {"twice": true},
    "stream": STREAM, "stream_options": {"include_usage": true, "x_more": 1.0}`;

  it.each([
    ['a worker', 'sams/plain', 'false'],
    ['a worker, streaming', 'sams/plain', 'true'],
    ['a hosted upstream', 'hosted/plain', 'false'],
    ['a hosted upstream, streaming', 'hosted/plain', 'true'],
  ])('reaches %s byte for byte, but for the model', async (_what, model, stream) => {
    const bodyWith = (name: string) => `{ "model":"${name}",\n ${rest.replace('STREAM', stream)} }`;
    const response = await fetch(`${market.url}/v1/chat/completions`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${buyer.apiToken}`,
        'content-type': 'application/json',
        cookie: 'buyer=secret',
        'x-api-key': 'secret',
      },
      body: bodyWith(model),
    });
    const answer = await response.text();
    expect({ status: response.status, answer }).toMatchObject({ status: 200 });
    const call = upstream.calls.at(-1);
    expect(call?.text).toBe(bodyWith('plain'));
    // Who buys is nobody's business: neither the token nor anything else of the buyer's headers.
    expect(JSON.stringify(call?.headers)).not.toMatch(/secret|aisbf_/);

    const requestId = response.headers.get('x-request-id') ?? '';
    const { units } = await market.receipt(buyer, requestId);
    expect(units.prompt_token).toBe(countPromptTokens(JSON.parse(bodyWith('plain'))));
  });
});

async function failureOf(call: PromiseLike<unknown>): Promise<APIError> {
  try {
    await call;
  } catch (error) {
    if (error instanceof APIError) return error;
    throw error;
  }
  throw new Error('The call was not refused.');
}
