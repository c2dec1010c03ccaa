import { Provider } from '@aisbf/contracts';
import {
  MarketUnderTest,
  StudioWorker,
  type TestBuyer,
  type TestShop,
  until,
  type WorkerFrame,
  wav,
} from '@aisbf/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { costOf, unevenPrices } from './price.js';

const prices = {
  ...unevenPrices,
  others: { image: '40000001', audio_second: '1003', video_second: '700001', request: '17' },
};
const endpoints = [
  'v1/pipelines/run',
  '/v1/pipelines/{id}/steps',
  '/v1/images/upscale',
  'audio.ambience',
  '/v1/video/progress/{id}',
  '/v1/video/extend',
];
const pixel = Buffer.from('89504e470d0a1a0a', 'hex');

let market: MarketUnderTest;
let shop: TestShop;
let worker: StudioWorker;
let buyer: TestBuyer;

beforeAll(async () => {
  market = await MarketUnderTest.start();
  buyer = await market.buyer('alice');
  shop = await market.shop('sam', 'sams', ['art'], prices);
  worker = await StudioWorker.connect(identityOf(shop), ['art'], endpoints);
  const hosted = await market.operator.createHttpProvider('hosted', 'http://127.0.0.1:9/v1', [
    'art',
  ]);
  await market.operator.putListing(hosted, 'art', prices);
  await market.untilBuyable(buyer, 'sams/art', 'hosted/art');
}, 60_000);

afterAll(async () => {
  worker?.stop();
  expect(await market?.stop()).toEqual([]);
}, 60_000);

function identityOf({ username, provider, registrationToken }: TestShop) {
  return { marketUrl: market.url, scope: username, provider, clientId: 'one', registrationToken };
}

function call(path: string, init: RequestInit = {}, { apiToken } = buyer): Promise<Response> {
  const headers = { authorization: `Bearer ${apiToken}`, ...init.headers };
  return fetch(`${market.url}${path}`, { ...init, headers });
}

function post(path: string, body: object, who = buyer): Promise<Response> {
  const headers = { 'content-type': 'application/json' };
  return call(path, { method: 'POST', body: JSON.stringify(body), headers }, who);
}

/** The receipt of an answer, whose charge is what its units cost. */
async function settled({ headers }: Response) {
  const receipt = await market.receipt(buyer, headers.get('x-request-id') ?? '');
  expect(receipt).toMatchObject({ state: 'settled', outcome: 'completed' });
  expect(BigInt(receipt.charge)).toBe(costOf(receipt.units, prices));
  return receipt;
}

async function errorOf(response: Response) {
  const { error } = (await response.json()) as { error: { code: string } };
  return [response.status, error.code];
}

describe('a path that a worker advertises', () => {
  it('takes JSON and gives JSON, for the price of a request', async () => {
    worker.on('POST v1/pipelines/run', ({ body }) => ({ steps: 3, ran: body }));
    const response = await post('/v1/pipelines/run', {
      model: 'sams/art',
      graph: { big: 1 },
      max_cost: '900000000',
    });
    expect(await response.json()).toEqual({ steps: 3, ran: { model: 'art', graph: { big: 1 } } });
    const { units } = await settled(response);
    expect(units).toEqual({ prompt_token: 0, completion_token: 0, request: 1 });
  });

  it('counts the pictures that have come, no more than were asked for', async () => {
    worker.on('POST v1/images/upscale', () => ({
      data: [{ url: 'https://a.example/1' }, { b64_json: 'eA==' }, {}],
    }));
    const body = { model: 'sams/art', prompt: 'a cat', n: 4 };
    const many = await post('/v1/images/upscale', body);
    expect((await settled(many)).units).toMatchObject({ image: 2, prompt_token: 2 });
    const one = await post('/v1/images/upscale', { ...body, n: 1 });
    expect((await settled(one)).units).toMatchObject({ image: 1 });
  });

  it('takes a form with files, and gives bytes as they are', async () => {
    worker.on('POST v1/images/upscale', () => ({ contentType: 'image/png', body: pixel }));
    const form = new FormData();
    form.set('model', 'sams/art');
    form.set('scale', '2');
    form.set('image', new Blob([pixel], { type: 'image/png' }), 'small.png');
    const response = await call('/v1/images/upscale', { method: 'POST', body: form });
    expect(response.headers.get('content-type')).toBe('image/png');
    expect(Buffer.from(await response.arrayBuffer())).toEqual(pixel);
    expect((await settled(response)).units).toMatchObject({ image: 1 });
    expect(worker.requests.at(-1)?.multipart).toMatchObject({
      fields: [
        { name: 'model', value: 'art' },
        { name: 'scale', value: '2' },
      ],
      files: [{ name: 'image', filename: 'small.png', data_base64: pixel.toString('base64') }],
    });
  });

  it('is paid for the seconds of a sound', async () => {
    worker.on('POST v1/audio/ambience', () => ({ contentType: 'audio/wav', body: wav(2.5) }));
    const response = await post('/v1/audio/ambience', { model: 'sams/art', duration: 5 });
    expect(Buffer.from(await response.arrayBuffer())).toEqual(wav(2.5));
    expect((await settled(response)).units).toMatchObject({ audio_second: 3 });
  });

  it('passes events on', async () => {
    worker.on('POST v1/video/extend', (_request, frame) => {
      worker.socket.chunk(frame, 'data: {"progress":50}\n\nda');
      worker.socket.chunk(frame, 'ta: {"data":[{"url":"https://a.example/1.mp4"}]}\n\n');
      worker.socket.reply(frame, { event: 'done', status: 'ok' });
      return undefined;
    });
    const response = await post('/v1/video/extend', {
      model: 'sams/art',
      stream: true,
      seconds: 3,
    });
    expect(response.headers.get('content-type')).toMatch('text/event-stream');
    expect(await response.text()).toBe(
      'data: {"progress":50}\n\ndata: {"data":[{"url":"https://a.example/1.mp4"}]}\n\n',
    );
    expect((await settled(response)).units).toMatchObject({ video_second: 3 });
  });

  it('is asked by a template, and with the model in the query', async () => {
    worker.on('GET v1/video/progress/job-7', ({ query_params }) => ({
      progress: 0.5,
      query_params,
    }));
    const response = await call('/v1/video/progress/job-7?model=sams%2Fart&tail=2&session_id=mine');
    expect(await response.json()).toEqual({
      progress: 0.5,
      query_params: { model: 'art', tail: '2' },
    });
    expect((await settled(response)).units).toMatchObject({ request: 1 });
    const own = await call('/api/u/alice/video/progress/job-7?model=sams/art');
    expect(own.status).toBe(200);
  });

  it.each([
    ['there is no such job', () => ({ status: 404, body: '{"error":{"message":"no job"}}' })],
    ['it does not do that', () => ({ status: 501, body: '{"error":{"message":"not here"}}' })],
    [
      'it serves no such path',
      (_request: unknown, frame: WorkerFrame) => {
        const error = { code: 'unsupported_endpoint', message: 'no' };
        worker.socket.reply(frame, { event: 'error', status: 'error', error });
        return undefined;
      },
    ],
  ])('costs nothing where the worker says that %s', async (_what, says) => {
    worker.on('GET v1/video/progress/none', says);
    const before = await market.restingWallet(buyer);
    const response = await call('/v1/video/progress/none?model=sams/art');
    expect(response.headers.get('x-should-retry')).toBe('false');
    expect(await errorOf(response)).toEqual([404, 'nothing_there']);
    expect(await market.restingWallet(buyer)).toEqual(before);
  });

  it('costs nothing where the worker fails', async () => {
    worker.on('POST v1/pipelines/run', () => ({ status: 500, body: '{"error":{"message":"no"}}' }));
    const before = await market.restingWallet(buyer);
    const response = await post('/v1/pipelines/run', { model: 'sams/art' });
    expect(await errorOf(response)).toEqual([502, 'all_attempts_failed']);
    expect(await market.restingWallet(buyer)).toEqual(before);
  });

  it('refuses in the words of the worker, for nothing', async () => {
    worker.on('POST v1/pipelines/run', () => ({
      status: 422,
      body: '{"error":{"message":"no graph"}}',
    }));
    const before = await market.restingWallet(buyer);
    const response = await post('/v1/pipelines/run', { model: 'sams/art' });
    expect(await errorOf(response)).toEqual([400, 'upstream_refused_request']);
    expect(await market.restingWallet(buyer)).toEqual(before);
  });
});

describe('what nobody serves', () => {
  it.each(['sams/art', 'hosted/art'])(
    'is refused for %s before any money is held',
    async (model) => {
      const before = await market.wallet(buyer);
      const response = await post('/v1/pipelines/stop', { model });
      expect(await errorOf(response)).toEqual([501, 'endpoint_unsupported']);
      expect(await market.wallet(buyer)).toEqual(before);
    },
  );

  it.each([
    ['/v1/pipelines/%2e%2e/admin', 404, 'endpoint_missing'],
    ['/v1/pipelines//run', 400, 'path_invalid'],
    ['/v1/pipelines/run%2Fx', 400, 'path_invalid'],
    ['/v1/admin/users', 404, 'endpoint_missing'],
    ['/v1/static/app.js', 404, 'endpoint_missing'],
    ['/v1/files/secret.png', 404, 'endpoint_missing'],
    [`/v1/pipelines/${'x'.repeat(150)}`, 404, 'endpoint_missing'],
  ])('%s is no path of anybody', async (path, status, code) => {
    const asked = worker.requests.length;
    const response = await post(path, { model: 'sams/art' });
    expect(await errorOf(response)).toEqual([status, code]);
    expect(worker.requests).toHaveLength(asked);
  });

  it.each([
    ['no model', () => post('/v1/pipelines/run', {}), 'missing_required_parameter'],
    ['no model in the query', () => call('/v1/video/progress/1'), 'missing_required_parameter'],
    ['two of them', () => call('/v1/video/progress/1?model=a&model=b'), 'invalid_type'],
    ['no JSON', () => call('/v1/pipelines/run', { method: 'POST', body: 'x' }), 'invalid_json'],
    ['too many', () => post('/v1/images/upscale', { model: 'sams/art', n: 99 }), 'invalid_type'],
    [
      'too long',
      () => post('/v1/video/extend', { model: 'sams/art', seconds: 9999 }),
      'invalid_type',
    ],
  ] as const)('a request with %s is refused', async (_name, send, code) => {
    expect(await errorOf(await send())).toEqual([400, code]);
  });

  it('needs an API token', async () => {
    const response = await fetch(`${market.url}/v1/video/progress/1?model=sams/art`);
    expect(await errorOf(response)).toEqual([401, 'invalid_api_key']);
  });
});

describe('an owner', () => {
  const allow = (names: readonly string[] | null) =>
    market.operator.call('PATCH', `/api/catalog/providers/${shop.providerId}`, Provider, {
      policy: { endpoints: names },
    });
  const answers = async (path: string) => {
    const response = await call(`${path}?model=sams/art`);
    return response.status === 200 ? 'served' : (await errorOf(response))[1];
  };

  it('lets others call what its policy names', async () => {
    worker.on('GET v1/pipelines/p1/steps', () => ({ body: '[1,2]' }));
    worker.on('GET v1/video/progress/1', () => ({ progress: 1 }));
    await allow(['chat.completions', 'pipelines.steps']);
    const isTold = async () => (await answers('/v1/video/progress/1')) === 'endpoint_unsupported';
    await until(isTold, { message: 'the policy holds' });
    expect(await answers('/v1/pipelines/p1/steps')).toBe('served');
    await allow(['studio']);
    await until(async () => (await answers('/v1/video/progress/1')) === 'served', {
      message: 'all of the studio is allowed',
    });
    await allow(null);
  });
});
