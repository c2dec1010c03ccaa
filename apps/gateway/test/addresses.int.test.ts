import type { Candidate } from '@aisbf/contracts';
import { until } from '@aisbf/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  candidateAt,
  chatRequest,
  completion,
  type GatewayBench,
  json,
  openGateway,
  sayFine,
  streamFine,
} from './gateway-bench.js';

let bench: GatewayBench;
let good: Candidate;
let goodStream: Candidate;

beforeAll(async () => {
  bench = await openGateway({ GATEWAY_OLLAMA_VERSION: '1.2.3' });
  [good, goodStream] = [await bench.upstream(sayFine), await bench.upstream(streamFine)];
  bench.peers.candidates = [good];
});
afterAll(() => bench.close());

const get = (path: string, init: RequestInit = {}) =>
  fetch(`${bench.url}${path}`, {
    headers: { authorization: `Bearer ${bench.apiToken}` },
    ...init,
  });

const told = async (response: Response) => ({
  status: response.status,
  body: (await response.json()) as {
    data?: readonly { id: string }[];
    error?: { code: string; param: string | null };
  },
});

const idsAt = async (path: string) => (await told(await get(path))).body.data?.map(({ id }) => id);

describe('a request at an address of its own', () => {
  it.each([
    ['/v1', 'box/m', null],
    ['/api/v1', 'box/m', null],
    ['/api/box', 'm', null],
    ['/api/box/v1', 'box/m', null],
    ['/api/u/ada', 'box/m', 'ada'],
    ['/api/u/ada/v1', 'box/m', 'ada'],
    ['/api/u/ada/box', 'm', 'ada'],
    ['/api/u/ada/box/v1', 'm', 'ada'],
  ])("at %s is for a provider's %s", async (prefix, model, username) => {
    const body = { ...chatRequest, model };
    const response = await bench.buy(body, {}, `${prefix}/chat/completions`);
    expect([response.status, response.headers.get('x-aisbf-route')]).toEqual([200, 'box/m']);
    expect(bench.peers.admits.at(-1)).toMatchObject({
      pathUsername: username,
      facts: { route: 'box/m' },
    });
  });

  it.each(
    ['rotation', 'rotations', 'autoselect', 'autoselections'].flatMap((word) =>
      ['/api', '/api/u/ada'].flatMap((base) => [`${base}/${word}`, `${base}/${word}/v1`]),
    ),
  )('at %s names one in `model`, and in `models`', async (prefix) => {
    const kind = prefix.includes('rotation') ? 'rotation' : 'autoselect';
    const body = { ...chatRequest, model: 'main', models: ['spare', `${kind}/last`] };
    const { status } = await bench.buy(body, {}, `${prefix}/chat/completions`);
    expect(status).toBe(200);
    expect(bench.peers.admits.at(-1)?.facts).toMatchObject({
      route: `${kind}/main`,
      fallbacks: [`${kind}/spare`, `${kind}/last`],
    });
  });

  it('may be for any endpoint', async () => {
    const body = { model: 'm', input: 'two words' };
    await (await bench.buy(body, {}, '/api/u/ada/box/v1/embeddings')).text();
    expect(bench.peers.admits.at(-1)?.facts).toMatchObject({
      ...{ endpoint: 'embeddings', route: 'box/m' },
    });
  });

  it('may be a form, which is another one at another address', async () => {
    bench.peers.candidates = [
      await bench.upstream(
        (_request, response) =>
          void response.writeHead(200, json).end('{"data":[{"b64_json":"AAAA"}]}'),
      ),
    ];
    const headers = { authorization: `Bearer ${bench.apiToken}`, 'idempotency-key': 'a form' };
    const hashes = new Set<string>();
    for (const [prefix, routes] of [
      ['/v1', ['m', 'box/n']],
      ['/api/box', ['box/m', 'box/n']],
      ['/api/rotations', ['rotation/m', 'rotation/box/n']],
    ] as const) {
      const body = new FormData();
      for (const [name, value] of Object.entries({
        model: 'm',
        models: '["box/n"]',
        prompt: 'a cat',
      }))
        body.append(name, value);
      body.append('image', new Blob(['a picture']));
      const url = `${bench.url}${prefix}/images/edits`;
      expect((await fetch(url, { method: 'POST', headers, body })).status).toBe(200);
      const { route, fallbacks } = bench.peers.admits.at(-1)?.facts ?? {};
      expect([route, fallbacks]).toEqual([routes[0], [routes[1]]]);
      hashes.add(bench.peers.finds.at(-1)?.bodyHash ?? '');
    }
    bench.peers.candidates = [good];
    expect(hashes.size).toBe(3);
  });

  it('is refused where its model means something else, and nobody is asked', async () => {
    const before = bench.peers.admits.length;
    const body = { ...chatRequest, model: 'rotation/main' };
    const answer = await told(await bench.buy(body, {}, '/api/box/chat/completions'));
    expect(answer).toMatchObject({
      status: 404,
      body: { error: { code: 'model_not_found', param: 'model' } },
    });
    expect(bench.peers.admits).toHaveLength(before);
  });

  it.each([
    ['/api/box', { model: '' }, 'missing_required_parameter', 'model'],
    ['/api/box', { model: 7 }, 'missing_required_parameter', 'model'],
    ['/api/rotations', { models: [7] }, 'invalid_type', 'models.0'],
  ])('is refused at %s as elsewhere with %j', async (prefix, change, code, param) => {
    const body = { ...chatRequest, ...change };
    const answer = await told(await bench.buy(body, {}, `${prefix}/chat/completions`));
    expect(answer).toMatchObject({ status: 400, body: { error: { code, param } } });
  });

  it('with one key is another request than the same body at another address', async () => {
    const headers = {
      authorization: `Bearer ${bench.apiToken}`,
      'content-type': 'application/json',
      'idempotency-key': 'once',
    };
    const body = { ...chatRequest, model: 'main', models: ['spare'] };
    const hashes = new Set<string>();
    for (const prefix of ['/v1', '/api/box', '/api/rotations', '/api/rotation/v1']) {
      await (await bench.buy(body, { headers }, `${prefix}/chat/completions`)).text();
      hashes.add(bench.peers.finds.at(-1)?.bodyHash ?? '');
    }
    expect(hashes.size).toBe(3);
  });

  it.each([
    ...['/api/account', '/api/coderai', '/api/tags', '/api/chat', '/api/Box', '/api/u/ada/coderai'],
    ...['/api/u/ada/tags', '/api/a%20b'],
  ])('is not there at %s, where no provider can be', async (prefix) => {
    const answer = await told(await bench.buy(chatRequest, {}, `${prefix}/chat/completions`));
    expect(answer).toMatchObject({ status: 404, body: { error: { code: 'endpoint_missing' } } });
  });
});

describe('a list of models at an address', () => {
  beforeAll(() => {
    bench.peers.models = [
      ...['ann/provider/box/m', 'ann/rotation/theirs', 'autoselect/fast', 'box/box/m', 'box/m'],
      ...['boxes/m', 'rotation/main', 'box/rotation/odd'],
    ].map((id) => ({ id }));
  });

  it.each([
    ['/api/box', ['box/box/m', 'box/m']],
    ['/api/u/ada/box/v1', ['box/box/m', 'box/m']],
    ['/api/ann', []],
    ['/api/rotations', ['ann/rotation/theirs', 'rotation/main', 'box/rotation/odd']],
    ['/api/autoselections/v1', ['autoselect/fast']],
  ])('at %s has only what is there', async (prefix, ids) => {
    expect(await idsAt(`${prefix}/models`)).toEqual(ids);
  });

  it('has all of it at the others', async () => {
    expect(await idsAt('/v1/models')).toHaveLength(8);
    expect(await idsAt('/api/u/ada/models')).toHaveLength(8);
  });

  it.each([
    ['/api/box/models/m', 'box/m'],
    ['/api/box/models/box%2Fm', 'box/m'],
    ['/api/box/v1/models/box/box/m', 'box/box/m'],
    ['/api/rotations/models/main', 'rotation/main'],
    ['/api/u/ada/autoselect/models/fast', 'autoselect/fast'],
  ])('finds by %s %s', async (path, id) => {
    expect(await told(await get(path))).toMatchObject({ status: 200, body: { id } });
  });

  it.each(['/api/box/models/rotation/main', '/api/rotations/models/box%2Fm', '/api/ann/models/m'])(
    'finds nothing by %s',
    async (path) => {
      expect(await told(await get(path))).toMatchObject({
        status: 404,
        body: { error: { code: 'model_not_found' } },
      });
    },
  );
});

describe('the lists of providers, rotations and autoselects', () => {
  const common = { ownedBy: 'ann', createdAtS: 5 };

  beforeAll(() => {
    const unknown = { isCollected: null, isRetained: null, region: null };
    const box = { ...common, name: 'box', kind: 'coderai', isOwn: true, models: 2 } as const;
    const promises = { isCollected: false, isRetained: true, region: 'eu' };
    bench.peers.routes = {
      providers: [
        { ...box, ...unknown },
        { ...box, ...promises, name: 'rig', kind: 'openai', isOwn: false },
      ],
      rotations: [
        {
          ...{ ...common, id: 'rotation/main', name: 'main' },
          members: [{ providerLabel: 'ann/box', model: 'm' }],
        },
      ],
      autoselects: [{ ...common, id: 'autoselect/fast', name: 'fast', isBuiltIn: true }],
    };
  });

  it.each(['/v1', '/api/v1', '/api/u/ada', '/api/box', '/api/rotations/v1', '/api/u/ada/box'])(
    'are the same at %s',
    async (prefix) => {
      const list = async (name: string) => (await told(await get(`${prefix}/${name}`))).body;
      const entry = { created: 5, owned_by: 'ann' };
      const box = { ...entry, object: 'provider', models: 2 };
      expect(await list('providers')).toEqual({
        object: 'list',
        data: [
          { ...box, id: 'ann/box', name: 'box', kind: 'workers', is_own: true },
          {
            ...{ ...box, id: 'ann/rig', name: 'rig', kind: 'hosted', is_own: false },
            ...{ collects_data: false, retains_data: true, region: 'eu' },
          },
        ],
      });
      expect(await list('rotations')).toEqual({
        object: 'list',
        data: [
          {
            ...{ ...entry, id: 'rotation/main', object: 'rotation', name: 'main' },
            members: [{ provider: 'ann/box', model: 'm' }],
          },
        ],
      });
      const fast = { ...entry, id: 'autoselect/fast', object: 'autoselect', name: 'fast' };
      expect(await list('autoselects')).toEqual({
        object: 'list',
        data: [{ ...fast, is_built_in: true }],
      });
    },
  );

  it.each(['providers', 'rotations', 'autoselects'])('%s want a token', async (name) => {
    const answer = await told(await get(`/v1/${name}`, { headers: {} }));
    expect(answer).toMatchObject({ status: 401, body: { error: { code: 'invalid_api_key' } } });
  });
});

describe('a program that looks for an Ollama', () => {
  it.each(['/api', '/api/u/ada'])('finds its version at %s without a token', async (base) => {
    const response = await get(`${base}/version`, { headers: {} });
    expect([response.status, await response.json()]).toEqual([200, { version: '1.2.3' }]);
    expect((await get(`${base}/version`, { method: 'HEAD', headers: {} })).status).toBe(200);
  });

  it.each(['/api', '/api/u/ada'])('finds at %s the models of its token', async (base) => {
    const facts = { parameterSize: '8.0B', quantization: 'Q4_K_M', architecture: 'llama' };
    bench.peers.models = [{ id: 'box/m', ...facts }, { id: 'rotation/main' }];
    const untold = { parent_model: '', format: '', family: '', families: null };
    const digest = expect.stringMatching(/^[0-9a-f]{64}$/);
    const common = { modified_at: '1970-01-01T00:00:01.000Z', size: 0, digest };
    expect((await told(await get(`${base}/tags`))).body).toEqual({
      models: [
        {
          ...{ ...common, name: 'box/m', model: 'box/m' },
          details: {
            ...{ ...untold, family: 'llama', families: ['llama'] },
            ...{ parameter_size: '8.0B', quantization_level: 'Q4_K_M' },
          },
        },
        {
          ...{ ...common, name: 'rotation/main', model: 'rotation/main' },
          details: { ...untold, parameter_size: '', quantization_level: '' },
        },
      ],
    });
  });

  it.each(['/api/tags', '/api/u/ada/tags'])('is refused %s without a token', async (path) => {
    const answer = await told(await get(path, { headers: {} }));
    expect(answer).toMatchObject({ status: 401, body: { error: { code: 'invalid_api_key' } } });
  });
});

describe('an answer after others have failed', () => {
  const asked = { ...chatRequest, model: 'p/gone', models: ['p/größe'] };
  const places = () => {
    const down = { ...candidateAt('http://127.0.0.1:1/v1'), providerLabel: 'sam/down' };
    return { down: { ...down, routePlace: 0 }, routePlace: 1 };
  };

  it.each([true, false])(
    'says who they were and which route it was (streamed: %s)',
    async (stream) => {
      const { down, routePlace } = places();
      const busy = await bench.upstream(
        (_request, response) => void response.writeHead(429, json).end('{}'),
      );
      const last = { ...(stream ? goodStream : good), routePlace };
      bench.peers.candidates = [down, { ...busy, routePlace }, last];
      const response = await bench.buy({ ...asked, stream });
      await response.text();
      expect(Object.fromEntries(response.headers)).toMatchObject({
        'x-aisbf-attempts': '3',
        'x-aisbf-fallback-from': 'sam/down;reason=unreachable, seller/gpu;reason=rate_limited',
        'x-aisbf-route': 'p/gr%C3%B6%C3%9Fe',
      });
    },
  );

  it('says nothing of that where the first has served, nor of a route that is not known', async () => {
    bench.peers.candidates = [good];
    const plain = await bench.buy(chatRequest);
    expect(await plain.text()).toBe(completion('fine'));
    expect(plain.headers.get('x-aisbf-fallback-from')).toBeNull();
    expect(plain.headers.get('x-aisbf-route')).toBe('p/m');
    const several = await bench.buy(asked);
    expect(several.headers.get('x-aisbf-route')).toBeNull();
  });

  it('says the same when it is given again', async () => {
    const { down, routePlace } = places();
    bench.peers.candidates = [down, { ...good, routePlace }];
    const headers = {
      authorization: `Bearer ${bench.apiToken}`,
      'content-type': 'application/json',
      'idempotency-key': 'again',
    };
    const first = await bench.buy(asked, { headers });
    await first.text();
    const requestId = first.headers.get('x-request-id') ?? '';
    const { answer } = await until(() =>
      bench.peers.kept.find((kept) => kept.requestId === requestId),
    );
    bench.peers.found = { state: 'ended', requestId, answer };
    const again = await bench.buy(asked, { headers });
    bench.peers.found = { state: 'unknown' };
    for (const name of ['x-aisbf-route', 'x-aisbf-fallback-from', 'x-aisbf-attempts']) {
      expect(again.headers.get(name)).toBe(first.headers.get(name));
    }
    expect(again.headers.get('idempotent-replayed')).toBe('true');
  });
});
