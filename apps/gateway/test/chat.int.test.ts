import type { Candidate } from '@aisbf/contracts';
import { streams, subjects } from '@aisbf/contracts';
import { Fault } from '@aisbf/faults';
import { createLog, NatsBus } from '@aisbf/platform';
import { natsUrl, until } from '@aisbf/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  candidateAt,
  completion,
  done,
  type GatewayBench,
  json,
  openGateway,
  chatRequest as request,
  sayFine,
  sse,
  streamFine,
  streamRequest,
  type UpstreamScript,
} from './gateway-bench.js';

let bench: GatewayBench;
let good: Candidate;
let goodStream: Candidate;

beforeAll(async () => {
  bench = await openGateway({
    GATEWAY_BODY_BYTES_MAX: '1000000',
    GATEWAY_SETTLE_RETRY_MS: '20',
  });
  good = await bench.upstream(sayFine);
  goodStream = await bench.upstream(streamFine);
});
beforeEach(() => bench.peers.restore());
afterAll(() => bench.close());

describe('a whole answer', () => {
  it('passes on as it came, and is reported with our own counts', async () => {
    bench.peers.candidates = [good];
    const response = await bench.buy(request);
    expect(response.status).toBe(200);
    expect(await response.text()).toBe(completion('fine'));
    expect(response.headers.get('x-request-id')).toMatch(/^req_[0-9a-f]{32}$/);
    expect(response.headers.get('x-aisbf-provider')).toBe('seller/gpu');
    expect(response.headers.get('x-aisbf-attempts')).toBe('1');
    expect(await bench.settlement()).toMatchObject({
      requestId: response.headers.get('x-request-id'),
      outcome: 'completed',
      servedPosition: 0,
      ticket: 'as the router has sealed it',
      units: { prompt_token: 8, completion_token: 1 },
      reported: null,
      attempts: [{ result: 'served', httpStatus: 200 }],
    });
  });

  it('is asked for with the very bytes of the buyer, but for the model', async () => {
    const seen = Promise.withResolvers<{ body: string; headers: object }>();
    bench.peers.candidates = [
      await bench.upstream(({ headers }, response, body) => {
        seen.resolve({ body, headers });
        response.writeHead(200, json).end(completion('fine'));
      }),
    ];
    const text =
      '{"model":"p/m", "seed":12345678901234567890,"top_p":1.0,"x":{"model":"y"},"messages":[{"role":"user","content":"ü"}]}';
    await (await bench.buy(text)).text();
    const { body, headers } = await seen.promise;
    expect(body).toBe(text.replace('p/m', 'upstream-model'));
    expect(headers).toMatchObject({ authorization: 'Bearer upstream-key' });
    expect(JSON.stringify(headers)).not.toContain(bench.apiToken);
  });
});

describe('what the router is asked', () => {
  it('tells of images and tools, and of a plain request nothing', async () => {
    bench.peers.candidates = [good];
    await (await bench.buy(request)).text();
    expect(bench.peers.admits.at(-1)?.facts).not.toHaveProperty('inputs');
    expect(bench.peers.admits.at(-1)?.facts).not.toHaveProperty('hasTools');
    const content = [{ type: 'image_url', image_url: { url: 'data:image/png;base64,AA' } }];
    const tools = [{ type: 'function', function: { name: 'look' } }];
    await (await bench.buy({ ...request, messages: [{ role: 'user', content }], tools })).text();
    expect(bench.peers.admits.at(-1)?.facts).toMatchObject({ inputs: ['image'], hasTools: true });
  });
});

describe("the buyer's limits of the price", () => {
  it('go to the router, and not to the upstream', async () => {
    const seen = Promise.withResolvers<string>();
    bench.peers.candidates = [
      await bench.upstream((_request, response, body) => {
        seen.resolve(body);
        response.writeHead(200, json).end(completion('fine'));
      }),
    ];
    const provider = { max_price: { prompt: 0.1, completion: '2' }, sort: 'price' };
    await (await bench.buy({ ...request, max_cost: 0.05, provider, seed: 1 })).text();
    expect(bench.peers.admits.at(-1)?.facts).toMatchObject({
      costMax: '50000000',
      pricesMax: { prompt_token: '100000000', completion_token: '2000000000' },
    });
    expect(JSON.parse(await seen.promise)).toEqual({
      ...request,
      model: 'upstream-model',
      seed: 1,
    });
  });

  it.each([
    [{ max_cost: -1 }, 'max_cost'],
    [{ provider: { max_price: { prompt: 'cheap' } } }, 'provider.max_price'],
  ])('are refused where they are none: %j', async (limit, param) => {
    const response = await bench.buy({ ...request, ...limit });
    expect([response.status, await response.json()]).toMatchObject([
      400,
      { error: { code: 'invalid_type', param } },
    ]);
  });
});

/** What an upstream may do before its first content; somebody else must then serve. */
const earlyFaults: readonly (readonly [name: string, reason: string, script: UpstreamScript])[] = [
  ['resets before its head', 'unreachable', (_request, response) => void response.destroy()],
  [
    'resets after its head',
    'unreachable',
    (_request, response) => {
      response.writeHead(200, json).flushHeaders();
      setImmediate(() => response.destroy());
    },
  ],
  [
    'answers 500',
    'server_error',
    (_request, response) => void response.writeHead(500).end('<html>'),
  ],
  [
    'answers 503',
    'server_error',
    (_request, response) => void response.writeHead(503, json).end('{}'),
  ],
  [
    'answers 429',
    'rate_limited',
    (_request, response) => void response.writeHead(429, { 'retry-after': '2' }).end(),
  ],
  [
    'rejects our key',
    'rejected_credentials',
    (_request, response) =>
      void response.writeHead(401, json).end('{"error":{"message":"bad key upstream-key"}}'),
  ],
  [
    'has no such model',
    'model_missing',
    (_request, response) => void response.writeHead(404, json).end('{}'),
  ],
  [
    'answers 200 with an error',
    'error_in_answer',
    (_request, response) => void response.writeHead(200, json).end('{"error":{"message":"no"}}'),
  ],
  [
    'answers 200 with a page',
    'garbage',
    (_request, response) => void response.writeHead(200, json).end('<html>'),
  ],
  [
    'says nothing at all',
    'empty',
    (_request, response) => void response.writeHead(200, json).end(completion('', null)),
  ],
];

describe('an upstream that fails before its first content', () => {
  it.each(earlyFaults)('is replaced when it %s', async (_name, reason, script) => {
    bench.peers.candidates = [await bench.upstream(script), good];
    const response = await bench.buy(request);
    expect(response.status).toBe(200);
    expect(response.headers.get('x-aisbf-attempts')).toBe('2');
    await response.text();
    expect(await bench.settlement()).toMatchObject({
      outcome: 'completed',
      servedPosition: 1,
      attempts: [
        { position: 0, result: 'failed', reason },
        { position: 1, result: 'served' },
      ],
    });
  });

  const earlyStreamFaults: readonly (readonly [string, string, string])[] = [
    [
      'begins with an error',
      'error_in_answer',
      'data: {"error":{"message":"no","code":500}}\n\ndata: [DONE]\n\n',
    ],
    ['ends without a word', 'empty', ': ping\n\n'],
    ['is done before it began', 'empty', done],
    ['speaks no JSON', 'garbage', 'data: <html>\n\n'],
  ];

  it.each(earlyStreamFaults)('is replaced when its stream %s', async (_name, reason, text) => {
    const bad = await bench.upstream(
      (_request, response) => void response.writeHead(200, sse).end(text),
    );
    bench.peers.candidates = [bad, goodStream];
    const response = await bench.buy(streamRequest);
    expect(await response.text()).toContain('[DONE]');
    expect(await bench.settlement()).toMatchObject({
      servedPosition: 1,
      attempts: [{ reason }, { result: 'served' }],
    });
  });

  it('is replaced when it is slow, or cannot be reached', async () => {
    bench.peers.deadlines = { firstByteMs: 1, idleMs: 5_000, totalMs: 10_000 };
    const stuck = await bench.upstream(() => undefined);
    bench.peers.candidates = [stuck];
    const response = await bench.buy(request);
    expect(response.status).toBe(504);
    expect(await bench.settlement()).toMatchObject({
      outcome: 'seller_failed',
      servedPosition: null,
      attempts: [{ reason: 'timeout' }],
    });
    bench.peers.deadlines = { firstByteMs: 5_000, idleMs: 5_000, totalMs: 10_000 };
    bench.peers.candidates = [candidateAt('http://127.0.0.1:1/v1'), good];
    expect((await bench.buy(request)).status).toBe(200);
    expect(await bench.settlement()).toMatchObject({
      attempts: [{ reason: 'unreachable' }, { result: 'served' }],
    });
  });

  it('has no longer for its first byte than a short limit says', async () => {
    bench.peers.deadlines = { firstByteMs: 100, idleMs: 5_000, totalMs: 10_000 };
    bench.peers.candidates = [await bench.upstream(() => undefined), good];
    expect((await bench.buy(request)).status).toBe(200);
    const { attempts } = await bench.settlement();
    expect(attempts).toMatchObject([{ reason: 'timeout' }, { result: 'served' }]);
    const [first] = attempts;
    // A clock that is looked at twice a second would be late by more.
    expect((first?.endedAtMs ?? 0) - (first?.startedAtMs ?? 0)).toBeLessThan(450);
  });

  it('is not asked more often than the plan allows', async () => {
    bench.peers.attemptsMax = 2;
    const dead = candidateAt('http://127.0.0.1:1/v1');
    bench.peers.candidates = [dead, dead, good];
    const response = await bench.buy(request);
    expect(response.status).toBe(502);
    expect(response.headers.get('x-should-retry')).toBe('true');
    expect(response.headers.get('x-aisbf-attempts')).toBe('2');
    expect(await response.json()).toMatchObject({
      error: { type: 'upstream_error', code: 'all_attempts_failed' },
    });
    expect((await bench.settlement()).attempts).toHaveLength(2);
  });

  it('leaves the buyer with a 429 and patience where everybody is busy', async () => {
    const busy = await bench.upstream((_request, response) => void response.writeHead(429).end());
    bench.peers.candidates = [busy, busy];
    const response = await bench.buy(request);
    expect(response.status).toBe(429);
    expect(response.headers.get('retry-after')).toBe('1');
  });
});

describe('a request that is itself at fault', () => {
  it("is not tried again, and the upstream's words reach the buyer without its address", async () => {
    const refusing = await bench.upstream(
      (_request, response) =>
        void response.writeHead(400, json).end(
          JSON.stringify({
            error: { message: 'bad temperature at http://10.0.0.7:8000/v1', key: 'upstream-key' },
          }),
        ),
    );
    bench.peers.candidates = [refusing, good];
    const response = await bench.buy(request);
    expect(response.status).toBe(400);
    const text = await response.text();
    expect(JSON.parse(text)).toMatchObject({
      error: { message: 'bad temperature at [address]', code: 'upstream_refused_request' },
    });
    expect(text).not.toContain('upstream-key');
    expect(await bench.settlement()).toMatchObject({
      outcome: 'not_served',
      attempts: [{ reason: 'request_refused' }],
    });
  });

  const bodies: readonly (readonly [string, unknown, number, string])[] = [
    ['is no JSON', '{"model":', 400, 'invalid_json'],
    ['is a list', [], 400, 'invalid_json'],
    ['is empty', '', 400, 'invalid_json'],
    ['has no model', { messages: request.messages }, 400, 'missing_required_parameter'],
    ['has a number as messages', { model: 'p/m', messages: 7 }, 400, 'missing_required_parameter'],
    ['is too large', { ...request, padding: 'x'.repeat(1_000_000) }, 413, 'request_too_large'],
  ];

  it.each(bodies)('is refused when it %s', async (_name, body, status, code) => {
    const admitsBefore = bench.peers.admits.length;
    const response = await bench.buy(body);
    expect(response.status).toBe(status);
    expect(response.headers.get('x-should-retry')).toBe('false');
    expect(await response.json()).toMatchObject({ error: { type: 'invalid_request_error', code } });
    expect(bench.peers.admits).toHaveLength(admitsBefore);
  });

  it('is refused when it is not UTF-8', async () => {
    const response = await bench.buy('', { body: Buffer.from([0x7b, 0xff, 0xfe, 0x7d]) });
    expect(await response.json()).toMatchObject({ error: { code: 'invalid_json' } });
  });

  it.each([
    ['no token', {}, 'invalid_api_key'],
    ['a foreign token', { authorization: 'Bearer sk-12345' }, 'invalid_api_key'],
    ['another scheme', { authorization: 'Basic abc' }, 'invalid_api_key'],
  ])('is refused with %s', async (_name, headers, code) => {
    const response = await bench.buy(request, { headers });
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({ error: { type: 'authentication_error', code } });
  });

  it("hears a fault of the router in OpenAI's words", async () => {
    bench.peers.refusal = new Fault({
      code: 'HELD_BY_OTHER_REQUESTS',
      kind: 'exhausted',
      message: 'busy',
      details: { retryAfterMs: 1500 },
    });
    const response = await bench.buy(request);
    expect([
      response.status,
      response.headers.get('retry-after'),
      response.headers.get('x-should-retry'),
    ]).toEqual([402, '2', 'true']);
    expect(await response.json()).toMatchObject({
      error: { type: 'insufficient_quota', code: 'held_by_other_requests' },
    });
  });

  it('finds no unknown endpoint', async () => {
    const response = await bench.buy(request, {}, '/v1/nonsense');
    expect([response.status, await response.json()]).toMatchObject([
      404,
      { error: { code: 'endpoint_missing' } },
    ]);
  });
});

describe('the other routes', () => {
  it('list and show models', async () => {
    const headers = { authorization: `Bearer ${bench.apiToken}` };
    const answer = await fetch(`${bench.url}/v1/models`, { headers });
    expect(answer.headers.get('x-aisbf-attempts')).toBe('0');
    expect(answer.headers.get('x-request-id')).toBeTruthy();
    expect(await answer.json()).toEqual({
      object: 'list',
      data: [{ id: 'p/m', object: 'model', created: 1, owned_by: 'seller' }],
    });
    expect((await fetch(`${bench.url}/v1/models/p/m`, { headers })).status).toBe(200);
    const missing = await fetch(`${bench.url}/v1/models/p/x`, { headers });
    expect([missing.status, await missing.json()]).toMatchObject([
      404,
      { error: { code: 'model_not_found' } },
    ]);
  });

  it('refuse a receipt id that is none', async () => {
    const headers = { authorization: `Bearer ${bench.apiToken}` };
    expect((await fetch(`${bench.url}/v1/generation?id=7`, { headers })).status).toBe(400);
  });
});

describe('a settlement that accounts do not take', () => {
  it('goes into the stream that accounts read', async () => {
    const url = await natsUrl();
    const bus = await NatsBus.connect({ url, name: 'test', log: createLog('test', 'silent') });
    const manager = await bus.jetStreamManager();
    await manager.streams.add({
      name: streams.settle.name,
      subjects: [...streams.settle.subjects],
    });
    bench.peers.isAccountsDown = true;
    bench.peers.candidates = [good];
    const response = await bench.buy(request);
    const requestId = response.headers.get('x-request-id');
    await response.text();
    await until(async () => {
      const message = await manager.streams.getMessage(streams.settle.name, {
        last_by_subj: subjects.settle,
      });
      return message?.json<{ requestId: string }>().requestId === requestId;
    });
    await bus.close();
  });
});
