import { request as httpRequest } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { CreatedProvider } from '@aisbf/contracts';
import { createSecretToken } from '@aisbf/secrets';
import { FakeUpstream, MarketUnderTest, type TestBuyer } from '@aisbf/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { streamChat } from './chat-stream.js';
import { unevenPrices } from './price.js';

let market: MarketUnderTest;
let upstream: FakeUpstream;
let buyer: TestBuyer;

const credential = 'sk-upstream-credential-0123456789';
const prompt = 'a prompt that nobody but its model may read';
const models = ['plain', 'endless', 'broken', 'angry'];

beforeAll(async () => {
  [market, upstream] = await Promise.all([MarketUnderTest.start(), FakeUpstream.start(models)]);
  upstream.on('endless', async (call) => {
    while (!call.isLeft) {
      await call.say('on ');
      await pause(10);
    }
  });
  const errorOf = (message: string) => JSON.stringify({ error: { message, type: 'x', code: 'x' } });
  const secrets = `at http://10.1.2.3:11434/v1 with ${credential}`;
  upstream.on('broken', (call) => call.status(500, errorOf(`boom main.js:1:2 ${secrets}`)));
  upstream.on('angry', (call) => call.status(400, errorOf(`Bad temperature ${secrets}.`)));
  buyer = await market.buyer('alice');
  const { provider } = await market.operator.call(
    'POST',
    '/api/catalog/providers',
    CreatedProvider,
    {
      kind: 'openai',
      name: 'hosted',
      baseUrl: upstream.url,
      credential,
      models: models.map((name) => ({ name })),
    },
  );
  for (const model of models) await market.operator.putListing(provider.id, model, unevenPrices);
  await market.untilBuyable(buyer, ...models.map((model) => `hosted/${model}`));
}, 60_000);

afterAll(async () => {
  const wrongs = await market?.stop();
  await upstream?.stop();
  expect(wrongs).toEqual([]);
}, 60_000);

type Answer = Readonly<{ status: number; headers: Headers; text: string }>;

/** What must never be in any answer: traces, SQL, addresses, secrets. */
const leaks =
  /\.(?:ts|js):\d|node_modules|\bSELECT\b|\bINSERT\b|postgres|127\.0\.0\.1|10\.1\.2\.3|sk-upstream|aisbf_|ECONN/i;

async function send(path: string, init: RequestInit & { apiToken?: string } = {}): Promise<Answer> {
  const { apiToken = buyer.apiToken, ...rest } = init;
  const response = await fetch(`${market.url}${path}`, {
    ...rest,
    headers: {
      'content-type': 'application/json',
      ...(apiToken !== '' && { authorization: `Bearer ${apiToken}` }),
    },
  });
  const text = await response.text();
  expect(text).not.toMatch(leaks);
  return { status: response.status, headers: response.headers, text };
}

const complete = (body: RequestInit['body'], apiToken = buyer.apiToken) =>
  send('/v1/chat/completions', { method: 'POST', body: body ?? null, apiToken });

const valid = { model: 'hosted/plain', messages: [{ role: 'user', content: prompt }] };
const completeValid = (apiToken?: string, changes: object = {}) =>
  complete(JSON.stringify({ ...valid, ...changes }), apiToken);

/** OpenAI's error object, and nothing else. */
function expectError(answer: Answer, status: number, code: string, param: string | null = null) {
  expect({ status: answer.status, body: JSON.parse(answer.text) }).toEqual({
    status,
    body: { error: { message: expect.any(String), type: expect.any(String), param, code } },
  });
  expect(answer.headers.get('x-should-retry')).toMatch(/^(true|false)$/);
}

describe('a body that cannot be read', () => {
  it.each([
    ['nothing', ''],
    ['half of one', '{"model":"hosted/plain","messages":['],
    ['words', 'hello'],
    ['a list', '[]'],
    ['null', 'null'],
    ['a number that is none', '{"model":"hosted/plain","messages":[],"top_p":NaN}'],
    ['bytes that are no text', Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d])],
    ['brackets without end', '['.repeat(200_000)],
  ])('is refused: %s', async (_what, body) => {
    const answer = await complete(body);
    expectError(answer, 400, 'invalid_json');
    expect(answer.headers.get('x-should-retry')).toBe('false');
    expect(answer.headers.get('x-request-id')).toMatch(/^req_/);
  });

  it.each([
    ['a number as model', { model: 7 }, 'missing_required_parameter', 'model'],
    ['a text as messages', { messages: 'hi' }, 'missing_required_parameter', 'messages'],
    ['a text as message', { messages: ['hi'] }, 'invalid_type', 'messages[0]'],
    ['a text as stream', { stream: 'yes' }, 'invalid_type', 'stream'],
    ['less than nothing', { max_tokens: -1 }, 'invalid_type', 'max_tokens'],
    ['half a token', { max_completion_tokens: 0.5 }, 'invalid_type', 'max_completion_tokens'],
    ['more than any model says', { max_tokens: 1e99 }, 'invalid_type', 'max_tokens'],
    ['no choice at all', { n: 0 }, 'invalid_type', 'n'],
  ])('is refused: %s', async (_what, changes, code, param) => {
    const answer = await completeValid(undefined, changes);
    expectError(answer, 400, code, param);
    expect(answer.headers.get('x-should-retry')).toBe('false');
  });

  it('is refused: deeper than any parser goes', async () => {
    const deep = `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`;
    const answer = await complete(
      `{"model":"hosted/plain","messages":[{"role":"user","content":"x"}],"tools":[${deep}]}`,
    );
    expectError(answer, 400, 'invalid_json');
  });

  it('is refused: 33 MiB of it', async () => {
    const content = 'x'.repeat(33 * 1024 * 1024);
    const answer = await complete(
      JSON.stringify({ ...valid, messages: [{ role: 'user', content }] }),
    );
    expectError(answer, 413, 'request_too_large');
    expect(answer.headers.get('x-should-retry')).toBe('false');
    // The door is as good as before.
    expect((await completeValid()).status).toBe(200);
  }, 30_000);
});

describe('a caller who may not', () => {
  it.each([
    ['without a token', ''],
    ['with a token of another form', 'sk-abcdefghijklmnopqrstuvwxyz'],
    ['with a token that nobody has', createSecretToken('aisbf').text],
    ['with a token for workers', createSecretToken('aisbfw').text],
  ])('comes %s', async (_what, apiToken) => {
    const answers = [
      await completeValid(apiToken),
      await send('/v1/models', { apiToken }),
      await send(`/v1/generation?id=req_${'0'.repeat(32)}`, { apiToken }),
    ];
    for (const answer of answers) expectError(answer, 401, 'invalid_api_key');
  });

  it("is at another user's address", async () => {
    await market.buyer('bob');
    const init = { method: 'POST', body: JSON.stringify(valid) };
    const answers = [
      await send('/api/u/bob/chat/completions', init),
      await send('/api/u/bob/v1/models'),
      await send('/api/u/nobody/models'),
    ];
    for (const answer of answers) expectError(answer, 403, 'user_foreign');
  });

  it("asks for another buyer's receipt", async () => {
    const stranger = await market.buyer('carol');
    const id = (await completeValid()).headers.get('x-request-id') ?? '';
    await market.receipt(buyer, id);
    const answer = await send(`/v1/generation?id=${id}`, { apiToken: stranger.apiToken });
    expectError(answer, 404, 'receipt_missing');
    expectError(await send('/v1/generation?id=1%27--'), 400, 'generation_id_invalid', 'id');
  });

  it('has a token that may not buy', async () => {
    const reader = await market.buyer('reader', { scopes: ['usage'] });
    expectError(await completeValid(reader.apiToken), 403, 'scope_missing');
  });
});

describe('an address that is not for buyers', () => {
  it.each([
    ['POST', '/v1/nonsense'],
    ['GET', '/v1/chat/completions'],
    ['GET', '/v1/'],
    ['GET', '/api/u/alice/v1/nothing'],
  ])('%s %s does not exist', async (method, path) => {
    const answer = await send(path, { method, ...(method === 'POST' && { body: '{}' }) });
    expectError(answer, 404, 'endpoint_missing');
  });

  it.each([
    '/internal/v1/settle',
    '/internal',
    '/%69nternal/v1/settle',
    '/v1/../internal/v1/settle',
    '/api/u/..%2f..%2finternal/v1/settle',
    '/metrics',
    '/v1/../metrics',
    '/healthz',
    '/readyz',
  ])('%s is not reached from outside', async (path) => {
    const status = await rawStatus(path, {
      'x-aisbf-internal-secret': market.market.environment('gateway').AISBF_INTERNAL_SECRET ?? '',
    });
    expect([400, 404]).toContain(status);
  });

  it('inside, wants the secret', async () => {
    for (const { url } of Object.values(market.market.services)) {
      const response = await fetch(`${url}/internal/v1/settle`, { method: 'POST' });
      expect({ url, status: response.status }).toEqual({ url, status: 403 });
    }
  });
});

describe('limits of money and rate', () => {
  it('refuse an empty wallet for good', async () => {
    const { apiToken } = await market.buyer('empty', { credit: 0n });
    const answer = await completeValid(apiToken);
    expectError(answer, 402, 'insufficient_balance');
    expect(answer.headers.get('x-should-retry')).toBe('false');
    expect(answer.headers.get('retry-after')).toBeNull();
  });

  it('ask a busy wallet to wait', async () => {
    // Enough for one hold of 100 tokens at this price, not for two.
    const poor = await market.buyer('poor', { credit: 100_000n });
    const fields = { max_tokens: 100 };
    const begun = Promise.withResolvers<void>();
    const streaming = streamChat({
      url: market.url,
      apiToken: poor.apiToken,
      model: 'hosted/endless',
      fields,
      onText: () => begun.resolve(),
    });
    await begun.promise;
    const answer = await completeValid(poor.apiToken, fields);
    expectError(answer, 402, 'held_by_other_requests');
    expect(answer.headers.get('x-should-retry')).toBe('true');
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    upstream.callsOf('endless').at(-1)?.cut();
    await streaming;
    expect(await market.restingWallet(poor)).toEqual({ posted: 100_000n, held: 0n });
  });

  it('ask a hasty token to wait', async () => {
    const limits = { requestsPerMinuteMax: 2 };
    const { apiToken } = await market.buyer('hasty', { limits });
    for (let count = 0; count < 2; count += 1) {
      expect((await completeValid(apiToken)).status).toBe(200);
    }
    const answer = await completeValid(apiToken);
    expectError(answer, 429, 'rate_limit_exceeded');
    expect(answer.headers.get('x-should-retry')).toBe('true');
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
  });

  it('ask a token with too much under way to wait', async () => {
    const narrow = await market.buyer('narrow', { limits: { concurrencyMax: 1 } });
    const begun = Promise.withResolvers<void>();
    const streaming = streamChat({
      url: market.url,
      apiToken: narrow.apiToken,
      model: 'hosted/endless',
      onText: () => begun.resolve(),
    });
    await begun.promise;
    const answer = await completeValid(narrow.apiToken);
    expectError(answer, 429, 'concurrency_exceeded');
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    upstream.callsOf('endless').at(-1)?.cut();
    await streaming;
  });
});

describe("an upstream's own words", () => {
  it('stay there when it breaks', async () => {
    const answer = await completeValid(undefined, { model: 'hosted/broken' });
    expectError(answer, 502, 'all_attempts_failed');
    expect(answer.headers.get('x-should-retry')).toBe('true');
    expect(answer.text).not.toContain('boom');
  });

  it('reach the buyer who must mend the request, without addresses and keys', async () => {
    const answer = await completeValid(undefined, { model: 'hosted/angry' });
    expectError(answer, 400, 'upstream_refused_request');
    expect(answer.text).toContain('Bad temperature');
  });
});

/** Sends a path as it is written: `fetch` would mend it. */
function rawStatus(path: string, headers: Readonly<Record<string, string>>): Promise<number> {
  const { hostname, port } = new URL(market.url);
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest({ hostname, port, path, headers, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    outgoing.on('error', reject);
    outgoing.end();
  });
}
