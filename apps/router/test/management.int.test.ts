import { randomBytes } from 'node:crypto';
import { internalPaths, RegistrationRevoked, subjects } from '@aisbf/contracts';
import { until } from '@aisbf/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { admitRequest } from './admit-request.js';
import { type Harness, type RunningRouter, startHarness } from './running-router.js';

type Person = ReturnType<Harness['accounts']['token']>;

let harness: Harness;
let router: RunningRouter;
let [operator, anna, bob]: Person[] = [];
const providersPath = '/api/catalog/providers';
const listingsPath = '/api/catalog/listings';
const prices = { prompt_token: '1000000' };

beforeAll(async () => {
  harness = await startHarness();
  router = await harness.router();
  operator = harness.accounts.token('global');
  anna = harness.accounts.token('anna');
  bob = harness.accounts.token('bob');
});

afterAll(() => harness.stop());

const call = (person: Person | undefined, method: string, path: string, body?: unknown) =>
  router.call(person?.apiToken ?? '', method, path, body);

const worker = async (person: Person | undefined, name: string, more: object = {}) =>
  (await call(person, 'POST', providersPath, { kind: 'coderai', name, ...more })).body;

const admitWorker = async (username: string, providerName: string, registrationToken: string) =>
  (
    await router.internal(internalPaths.routerAdmitWorker, {
      type: 'admit-worker',
      pathUsername: username,
      username,
      providerName,
      clientId: 'client-1',
      registrationToken,
    })
  ).body;

describe('providers', () => {
  it('makes a provider whose registration token admits its worker at once', async () => {
    const created = await call(anna, 'POST', providersPath, { kind: 'coderai', name: 'first' });
    expect(created.status).toBe(201);
    expect(created.body.provider).toMatchObject({
      kind: 'coderai',
      name: 'first',
      username: 'anna',
      ownerId: anna?.principal.ownerId,
      isEnabled: true,
      clientIds: null,
      models: [],
    });
    const { registrationToken } = created.body;
    expect(registrationToken).toMatch(/^aisbfw_/);
    expect(await admitWorker('anna', 'first', registrationToken)).toMatchObject({
      type: 'worker-admitted',
      providerId: created.body.provider.id,
    });
    expect(await admitWorker('anna', 'first', `${registrationToken}x`)).toMatchObject({
      reason: 'wrong_token',
    });
    expect(await admitWorker('bob', 'first', registrationToken)).toMatchObject({
      reason: 'unknown_provider',
    });
  });

  it('replaces the registration token: the old one is void, and brokers hear of it', async () => {
    const { provider, registrationToken } = await worker(anna, 'rotated');
    const heard: RegistrationRevoked[] = [];
    const subscription = harness.bus.subscribe(
      subjects.registrationRevoked,
      RegistrationRevoked,
      // That a registration has expired is each replica's to say, when it next looks.
      (fact) => fact.registrationId === undefined && heard.push(fact),
    );
    await harness.bus.flush();
    const path = `${providersPath}/${provider.id}/registration-token`;
    const rotated = await call(anna, 'POST', path);
    expect(rotated.status).toBe(201);
    expect(await admitWorker('anna', 'rotated', registrationToken)).toMatchObject({
      reason: 'token_expired',
    });
    expect(await admitWorker('anna', 'rotated', rotated.body.registrationToken)).toMatchObject({
      type: 'worker-admitted',
    });
    await call(anna, 'PATCH', `${providersPath}/${provider.id}`, { isEnabled: false });
    expect(await admitWorker('anna', 'rotated', rotated.body.registrationToken)).toMatchObject({
      reason: 'provider_disabled',
    });
    await until(() => heard.length === 2);
    expect(heard).toEqual([
      { type: 'registration-revoked', providerId: provider.id, reason: 'token_rotated' },
      { type: 'registration-revoked', providerId: provider.id, reason: 'provider_disabled' },
    ]);
    subscription.unsubscribe();
  });

  it('lets the owner of a hosted API say what it serves', async () => {
    const hosted = {
      ...{ kind: 'openai', name: 'typed', baseUrl: 'https://upstream.example/v1' },
      models: [{ name: 'gpt' }],
    };
    const endpoints = ['responses', 'chat.completions'];
    for (const wrong of [[], ['nonsense'], ['responses', 'responses'], 'responses']) {
      const refused = await call(operator, 'POST', providersPath, { ...hosted, endpoints: wrong });
      expect(refused.status).toBe(400);
    }
    const created = await call(operator, 'POST', providersPath, { ...hosted, endpoints });
    expect(created.body.provider).toMatchObject({ endpoints });
    const admit = async (endpoint: string) => {
      const request = admitRequest(operator?.apiToken ?? '', 'typed/gpt');
      const facts = { ...request.facts, endpoint };
      return router.internal(internalPaths.routerAdmit, { ...request, facts });
    };
    const [asIs] = (await admit('responses')).body.candidates;
    expect(asIs).not.toHaveProperty('endpoint');
    const asChat = await admit('messages');
    expect(asChat.body.candidates).toMatchObject([{ endpoint: 'chat.completions' }]);
    expect((await admit('embeddings')).body.fault).toMatchObject({ code: 'ENDPOINT_UNSUPPORTED' });

    const path = `${providersPath}/${created.body.provider.id}`;
    const updated = await call(operator, 'PATCH', path, { endpoints: null });
    expect(updated.body.endpoints).toBeNull();
    expect((await admit('responses')).body.candidates).toMatchObject([
      { endpoint: 'chat.completions' },
    ]);
    const workers = await call(anna, 'POST', providersPath, { kind: 'coderai', name: 'untyped' });
    const refused = await call(anna, 'PATCH', `${providersPath}/${workers.body.provider.id}`, {
      endpoints,
    });
    expect(refused).toMatchObject({ status: 409 });
  });

  it('keeps the credential of a hosted provider encrypted, and uses it', async () => {
    const created = await call(operator, 'POST', providersPath, {
      kind: 'openai',
      name: 'cloud',
      baseUrl: 'https://upstream.example/v1',
      credential: 'sk-upstream-secret',
      models: [{ name: 'gpt', upstreamName: 'gpt-upstream' }, { name: 'plain' }],
    });
    expect(created.status).toBe(201);
    expect(created.body.registrationToken).toBeNull();
    expect(JSON.stringify(created.body)).not.toContain('sk-upstream-secret');
    expect(created.body.provider.models).toEqual([
      { name: 'gpt', upstreamName: 'gpt-upstream' },
      { name: 'plain', upstreamName: 'plain' },
    ]);
    const admitted = await router.internal(
      internalPaths.routerAdmit,
      admitRequest(operator?.apiToken ?? '', 'cloud/gpt'),
    );
    expect(admitted.body.candidates).toEqual([
      expect.objectContaining({
        kind: 'http',
        url: 'https://upstream.example/v1',
        model: 'gpt-upstream',
        headers: { authorization: 'Bearer sk-upstream-secret' },
      }),
    ]);
    const admin = new Client({ connectionString: harness.database.adminUrl });
    await admin.connect();
    const { rows } = await admin.query(
      `SELECT encode(credential_ciphertext, 'escape') AS stored FROM router.provider WHERE name = 'cloud'`,
    );
    await admin.end();
    expect(rows[0].stored).not.toContain('sk-upstream-secret');

    const key = `other:${randomBytes(32).toString('base64')}`;
    const other = await harness.router({ ROUTER_CREDENTIAL_KEYS: key });
    const refused = await other.internal(
      internalPaths.routerAdmit,
      admitRequest(operator?.apiToken ?? '', 'cloud/gpt'),
    );
    expect(refused.body.fault).toMatchObject({
      code: 'NO_CANDIDATE',
      details: { reasons: 'credential_unreadable' },
    });
  });

  it('lets members make nothing in another name', async () => {
    const inOtherName = { kind: 'coderai', name: 'x', username: 'bob' };
    expect((await call(anna, 'POST', providersPath, inOtherName)).status).toBe(403);
    expect((await call(anna, 'GET', `${providersPath}?username=bob`)).status).toBe(403);
  });

  it('lets an operator act for somebody, who then owns it', async () => {
    const { provider } = await worker(operator, 'for-bob', { username: 'bob' });
    expect(provider).toMatchObject({ username: 'bob', ownerId: bob?.principal.ownerId });
    const names = async (person: Person | undefined, query = '') =>
      (await call(person, 'GET', `${providersPath}${query}`)).body.providers.map(
        (one: { name: string }) => one.name,
      );
    expect(await names(bob)).toEqual(['for-bob']);
    expect(await names(operator, '?username=bob')).toEqual(['for-bob']);
    expect(await names(anna)).not.toContain('for-bob');
    const nobody = { kind: 'coderai', name: 'x', username: 'nobody' };
    expect((await call(operator, 'POST', providersPath, nobody)).status).toBe(404);
  });

  it("says of somebody else's provider what it says of none", async () => {
    const { provider } = await worker(anna, 'private');
    const none = '00000000-0000-4000-8000-000000000000';
    for (const id of [provider.id, none]) {
      const path = `${providersPath}/${id}`;
      const answers = [
        await call(bob, 'GET', path),
        await call(bob, 'PATCH', path, { isEnabled: false }),
        await call(bob, 'POST', `${path}/registration-token`),
        await call(bob, 'DELETE', path),
        await call(bob, 'PUT', listingsPath, { providerId: id, model: 'm', prices }),
        await call(bob, 'PUT', '/api/catalog/rotations/x', {
          members: [{ providerId: id, model: 'm' }],
        }),
      ];
      for (const { status, body } of answers) {
        expect([status, body.error.code]).toEqual([404, 'provider_not_found']);
      }
    }
    expect((await call(anna, 'GET', `${providersPath}/${provider.id}`)).status).toBe(200);
  });

  it('is gone when deleted, with what was on sale of it', async () => {
    const { provider } = await worker(anna, 'doomed');
    await call(anna, 'PUT', listingsPath, { providerId: provider.id, model: 'm', prices });
    const path = `${providersPath}/${provider.id}`;
    expect((await call(anna, 'DELETE', path)).status).toBe(204);
    expect((await call(anna, 'GET', path)).status).toBe(404);
    const { listings } = (await call(anna, 'GET', listingsPath)).body;
    expect(
      listings.filter((one: { providerId: string }) => one.providerId === provider.id),
    ).toEqual([]);
  });

  it.each([
    ['no kind', { name: 'x' }],
    ['a name with a slash', { kind: 'coderai', name: 'a/b' }],
    ['a name in capitals', { kind: 'coderai', name: 'Rig' }],
    ['an unknown field', { kind: 'coderai', name: 'x', isAdmin: true }],
    ['an empty allow-list', { kind: 'coderai', name: 'x', clientIds: [] }],
    ['a word of routes', { kind: 'coderai', name: 'rotation' }],
    ['not an object', [1]],
  ])('refuses %s', async (_what, body) => {
    const { status, headers } = await call(anna, 'POST', providersPath, body);
    expect(status).toBe(400);
    expect(headers.get('x-should-retry')).toBe('false');
  });

  it.each(['catalog', 'chat', 'tags', 'user-provider'])(
    'makes no provider of the name %s',
    async (name) => {
      const { status, body } = await call(anna, 'POST', providersPath, { kind: 'coderai', name });
      expect([status, body.error.code]).toEqual([400, 'provider_name_reserved']);
    },
  );

  it('refuses a second provider of the same name, and lets another owner have it', async () => {
    await worker(anna, 'twice');
    const again = await call(anna, 'POST', providersPath, { kind: 'coderai', name: 'twice' });
    expect([again.status, again.body.error.code]).toEqual([409, 'provider_exists']);
    expect((await worker(bob, 'twice')).provider.username).toBe('bob');
  });

  it('asks for a token with the right scope', async () => {
    const buyerOnly = harness.accounts.token('anna', { scopes: ['inference'] });
    expect((await call(buyerOnly, 'GET', providersPath)).status).toBe(403);
    expect((await router.get(providersPath)).status).toBe(401);
    expect((await router.call('nonsense', 'GET', providersPath)).status).toBe(401);
  });
});

describe('listings', () => {
  it('puts on sale, changes the price, takes off the market', async () => {
    const { provider } = await worker(anna, 'shop');
    const put = (body: object) =>
      call(anna, 'PUT', listingsPath, { providerId: provider.id, model: 'm', ...body });
    const first = await put({ prices });
    expect(first.status).toBe(200);
    expect(first.body).toMatchObject({
      provider: 'anna/shop',
      model: 'm',
      prices,
      feeBps: 500,
      isActive: true,
    });
    const second = await put({ prices: { request: '7' }, isActive: false });
    expect(second.body).toMatchObject({
      id: first.body.id,
      prices: { request: '7' },
      isActive: false,
    });
    const path = `${listingsPath}/${first.body.id}`;
    expect((await call(bob, 'DELETE', path)).status).toBe(404);
    expect((await call(anna, 'DELETE', path)).status).toBe(204);
    expect((await call(anna, 'DELETE', path)).status).toBe(404);
  });

  it.each([
    ['a negative price', { prompt_token: '-1' }],
    ['a fraction', { prompt_token: '0.5' }],
    ['a number instead of text', { prompt_token: 5 }],
    ['a unit that is not sold', { smile: '1' }],
    ['a price beyond the ledger', { request: '9999999999999999999' }],
    ['a price above the limit', { request: '1000000000001' }],
  ])('refuses %s', async (_what, wrong) => {
    const { provider } = await worker(anna, `shop-${Math.random().toString(36).slice(2)}`);
    const body = { providerId: provider.id, model: 'm', prices: wrong };
    expect((await call(anna, 'PUT', listingsPath, body)).status).toBe(400);
  });

  it("refuses a model that a hosted provider doesn't have", async () => {
    const { provider } = (
      await call(operator, 'POST', providersPath, {
        kind: 'openai',
        name: 'small',
        baseUrl: 'https://upstream.example/v1',
        models: [{ name: 'only' }],
      })
    ).body;
    const body = { providerId: provider.id, model: 'other', prices };
    const { status, body: answer } = await call(operator, 'PUT', listingsPath, body);
    expect([status, answer.error.code]).toEqual([400, 'model_not_offered']);
  });
});

describe('rotations', () => {
  it('is made of what its owner may call, in the order given', async () => {
    const { provider: own } = await worker(bob, 'own');
    const { provider: sold } = await worker(anna, 'sold');
    const member = { providerId: sold.id, model: 'm' };
    const path = '/api/catalog/rotations/mix';
    const refused = await call(bob, 'PUT', path, { members: [member] });
    expect(refused.body.error.code).toBe('provider_not_found');

    await call(anna, 'PUT', listingsPath, { ...member, prices });
    const members = [
      { ...member, weight: 3 },
      { providerId: own.id, model: 'secret' },
    ];
    const saved = await call(bob, 'PUT', path, { members });
    expect(saved.status).toBe(200);
    expect(saved.body).toMatchObject({
      name: 'mix',
      username: 'bob',
      members: [
        { provider: 'anna/sold', model: 'm', weight: 3 },
        { provider: 'bob/own', model: 'secret', weight: 1 },
      ],
    });
    const replaced = await call(bob, 'PUT', path, { members: [members[1]] });
    expect(replaced.body.id).toBe(saved.body.id);
    expect(replaced.body.members.length).toBe(1);
    expect((await call(bob, 'GET', '/api/catalog/rotations')).body.rotations.length).toBe(1);
    expect((await call(anna, 'DELETE', path)).status).toBe(404);
    expect((await call(bob, 'DELETE', path)).status).toBe(204);
  });

  it('refuses the same member twice, no member, and a weight of nothing', async () => {
    const { provider } = await worker(bob, 'single');
    const member = { providerId: provider.id, model: 'm' };
    for (const members of [[member, member], [], [{ ...member, weight: 0 }]]) {
      const answer = await call(bob, 'PUT', '/api/catalog/rotations/odd', { members });
      expect(answer.status).toBe(400);
    }
  });
});

describe('rotations within rotations', () => {
  const put = (person: typeof anna, name: string, members: object[], limits = {}) =>
    call(person, 'PUT', `/api/catalog/rotations/${name}`, { members, ...limits });

  it('hold priorities, limits and each other', async () => {
    const { provider } = await worker(bob, 'inner-rig');
    const inner = await put(bob, 'inner', [{ providerId: provider.id, model: 'm' }]);
    const outer = await put(
      bob,
      'outer',
      [
        { rotationId: inner.body.id, weight: 2, priority: 1 },
        { providerId: provider.id, model: 'n' },
      ],
      { attemptsMax: 2, firstByteMs: 500, totalMs: 10_000, hedge: { afterMs: 300 } },
    );
    expect(outer.body).toMatchObject({
      attemptsMax: 2,
      firstByteMs: 500,
      totalMs: 10_000,
      hedge: { afterMs: 300 },
      members: [
        { rotation: 'bob/inner', weight: 2, priority: 1 },
        { provider: 'bob/inner-rig', model: 'n', weight: 1, priority: 0 },
      ],
    });
    const { rotations } = (await call(bob, 'GET', '/api/catalog/rotations')).body;
    expect(rotations).toContainEqual(outer.body);
    expect(inner.body.hedge).toBeNull();
  });

  it('hedge after a time that makes sense, or not at all', async () => {
    const { provider } = await worker(bob, 'hedge-rig');
    const members = [{ providerId: provider.id, model: 'm' }];
    for (const hedge of [{ afterMs: 49 }, { afterMs: 600_001 }, { afterMs: 1.5 }, {}, 300]) {
      const refused = await put(bob, 'hedged', members, { hedge });
      expect([refused.status, refused.body.error.code]).toEqual([400, 'request_invalid']);
    }
    expect((await put(bob, 'hedged', members, { hedge: { afterMs: 50 } })).status).toBe(200);
  });

  it('never lead to themselves, not even when two are saved at once', async () => {
    const { provider } = await worker(bob, 'loop-rig');
    const member = { providerId: provider.id, model: 'm' };
    const [one, two] = [await put(bob, 'one', [member]), await put(bob, 'two', [member])];
    const [toOne, toTwo] = [one, two].map(({ body }) => ({ rotationId: body.id }));
    const self = await put(bob, 'one', [member, toOne ?? {}]);
    expect([self.status, self.body.error.code]).toEqual([400, 'rotation_loop']);
    const both = await Promise.all([
      put(bob, 'one', [member, toTwo ?? {}]),
      put(bob, 'two', [member, toOne ?? {}]),
    ]);
    expect(both.map(({ status }) => status).sort()).toEqual([200, 400]);
    const { rotations } = (await call(bob, 'GET', '/api/catalog/rotations')).body;
    const loops = rotations.filter(({ name }: { name: string }) => ['one', 'two'].includes(name));
    expect(loops.map(({ members }: { members: unknown[] }) => members.length).sort()).toEqual([
      1, 2,
    ]);
  });

  it("are one's own or the operator's, and there once", async () => {
    const { provider } = await worker(anna, 'foreign-rig');
    const foreign = await put(anna, 'foreign', [{ providerId: provider.id, model: 'm' }]);
    const rotationId = foreign.body.id;
    const refused = await put(bob, 'thief', [{ rotationId }]);
    expect([refused.status, refused.body.error.code]).toEqual([404, 'rotation_not_found']);
    const twice = await put(anna, 'twice', [{ rotationId }, { rotationId }]);
    expect([twice.status, twice.body.error.code]).toEqual([400, 'rotation_member_repeated']);
    const both = await put(anna, 'both', [{ rotationId, providerId: provider.id, model: 'm' }]);
    expect(both.status).toBe(400);
  });
});

describe('what an owner promises of data', () => {
  it('is nothing at first, and what is said since', async () => {
    const { provider } = await worker(anna, 'promising');
    expect(provider.data).toEqual({ isCollected: null, isRetained: null, region: null });
    const path = `/api/catalog/providers/${provider.id}`;
    const data = { isCollected: false, isRetained: false, region: 'eu' };
    expect((await call(anna, 'PATCH', path, { data })).body.data).toEqual(data);
    expect((await call(anna, 'PATCH', path, { isEnabled: true })).body.data).toEqual(data);
    const odd = await call(anna, 'PATCH', path, { data: { region: 'Over There' } });
    expect(odd.status).toBe(400);
  });
});

describe('concurrent changes', () => {
  it('gives each its own revision, and all are served', async () => {
    const { provider } = await worker(anna, 'busy');
    const revision = async () =>
      Number(/catalogue_revision{.*} (\d+)/.exec((await router.get('/metrics')).body)?.[1]);
    const before = await revision();
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, index) =>
        call(anna, 'PUT', listingsPath, {
          providerId: provider.id,
          model: `model-${index}`,
          prices,
        }),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    const { listings } = (await call(anna, 'GET', listingsPath)).body;
    const own = listings.filter((one: { providerId: string }) => one.providerId === provider.id);
    expect(own.length).toBe(12);
    expect(await revision()).toBe(before + 12);
  });
});
