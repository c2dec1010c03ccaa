import { internalPaths } from '@aisbf/contracts';
import { until } from '@aisbf/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { admitRequest } from './admit-request.js';
import { type Harness, type RunningRouter, startHarness } from './running-router.js';

type Person = ReturnType<Harness['accounts']['token']>;

const providersPath = '/api/catalog/providers';
const models = [{ name: 'gpt' }];
const baseUrl = 'https://upstream.example/v1';
let harness: Harness;
let router: RunningRouter;
let admin: Client;
let operator: Person;
let anna: Person;

beforeAll(async () => {
  harness = await startHarness();
  router = await harness.router({ ROUTER_CREDENTIAL_REWRAP_INTERVAL_MS: '100' });
  [operator, anna] = [harness.accounts.token('global'), harness.accounts.token('anna')];
  admin = new Client({
    connectionString: harness.database.adminUrl,
    options: '-c search_path=router',
  });
  await admin.connect();
});
beforeEach(() => admin.query('DELETE FROM provider'));
afterAll(async () => {
  await admin?.end();
  await harness?.stop();
});

const call = (person: Person, method: string, path: string, body?: unknown) =>
  router.call(person.apiToken, method, path, body);

const create = (person: Person, more: object, name = 'cloud') =>
  call(person, 'POST', providersPath, { kind: 'openai', name, baseUrl, models, ...more });

async function created(person: Person, more: object): Promise<{ id: string }> {
  const { status, body } = await create(person, more);
  expect([status, body.error]).toEqual([201, undefined]);
  return body.provider;
}

const change = async (person: Person, id: string, more: object) => {
  const { status, body } = await call(person, 'PATCH', `${providersPath}/${id}`, more);
  return [status, body.error?.code ?? null] as const;
};

/** As the gateway is told of it, on behalf of its owner. */
async function candidate(person: Person, model = 'gpt') {
  const { body } = await router.internal(
    internalPaths.routerAdmit,
    admitRequest(person.apiToken, `cloud/${model}`),
  );
  return body.candidates?.[0] ?? body.fault.details;
}

describe('the headers and parameters of a hosted provider', () => {
  it('go with each request, the credential where they say, and nobody is shown their values', async () => {
    const secrets = ['sk-secret', 'cf-secret', 'q-secret'];
    const { status, body } = await create(anna, {
      baseUrl: 'https://r.example/openai/deployments/my-gpt?tenant=1',
      credential: 'sk-secret',
      headers: { 'API-Key': '{credential}', 'CF-Access-Client-Secret': 'cf-secret' },
      query: { 'api-version': '2024-10-21', sig: 'q-secret' },
    });
    expect(status).toBe(201);
    expect(body.provider).toMatchObject({
      baseUrl: 'https://r.example/openai/deployments/my-gpt?tenant=1',
      headerNames: ['api-key', 'cf-access-client-secret'],
      queryNames: ['api-version', 'sig'],
    });
    expect(await candidate(anna)).toMatchObject({
      url: 'https://r.example/openai/deployments/my-gpt?tenant=1&api-version=2024-10-21&sig=q-secret',
      headers: { 'api-key': 'sk-secret', 'cf-access-client-secret': 'cf-secret' },
    });
    const listed = await call(anna, 'GET', providersPath);
    const { rows } = await admin.query(
      `SELECT p::text, encode(credential_ciphertext, 'escape') AS sealed, credential_version
       FROM provider p`,
    );
    expect(rows[0]).toMatchObject({ credential_version: 3 });
    const acts = await admin.query('SELECT detail::text FROM act');
    for (const secret of secrets) {
      expect(JSON.stringify([body, listed.body, rows, acts.rows])).not.toContain(secret);
    }
  });

  it('change one by one; an empty one takes them away', async () => {
    const { id } = await created(anna, { credential: 'sk-1', headers: { 'x-a': '{credential}' } });
    expect(await change(anna, id, { credential: 'sk-2' })).toEqual([200, null]);
    expect(await candidate(anna)).toMatchObject({ url: baseUrl, headers: { 'x-a': 'sk-2' } });
    expect(await change(anna, id, { query: { v: '1' } })).toEqual([200, null]);
    expect(await candidate(anna)).toMatchObject({
      url: `${baseUrl}?v=1`,
      headers: { 'x-a': 'sk-2' },
    });
    expect(await change(anna, id, { headers: {}, query: {} })).toEqual([200, null]);
    expect((await candidate(anna)).headers).toEqual({ authorization: 'Bearer sk-2' });
    const { rows } = await admin.query('SELECT credential_version FROM provider');
    expect(rows).toEqual([{ credential_version: 2 }]);
    expect(await change(anna, id, { credential: null })).toEqual([200, null]);
    expect((await candidate(anna)).headers).toEqual({});
  });

  it('move to a new key as credentials do', async () => {
    await created(anna, { credential: 'sk-1', headers: { 'x-a': '{credential}' } });
    const { ROUTER_CREDENTIAL_KEYS: former } = harness.environment;
    const later = `later:${Buffer.alloc(32, 7).toString('base64')}`;
    const moving = await harness.router({
      ROUTER_CREDENTIAL_KEYS: `${later},${former}`,
      ROUTER_CREDENTIAL_REWRAP_INTERVAL_MS: '50',
    });
    const keyId = async () =>
      (await admin.query('SELECT credential_key_id FROM provider')).rows[0].credential_key_id;
    await until(async () => (await keyId()) === 'later');
    await moving.close();
    const alone = await harness.router({ ROUTER_CREDENTIAL_KEYS: later });
    const { body } = await alone.internal(
      internalPaths.routerAdmit,
      admitRequest(anna.apiToken, 'cloud/gpt'),
    );
    expect(body.candidates[0].headers).toEqual({ 'x-a': 'sk-1' });
    await alone.close();
  });

  it.each([
    { headers: { host: 'x' } },
    { headers: { 'x-aisbf-request-id': 'x' } },
    { headers: { 'transfer-encoding': 'chunked' } },
    { headers: { 'x-a': 'a\r\nx-b: c' } },
    { headers: { 'x-a\r\nx-b': 'c' } },
    { headers: ['x-a'] },
    { query: { 'a b': 'c' } },
    { credential: 'sk\r\nx: y' },
    { baseUrl: `${baseUrl}#fragment` },
    { models: [{ name: 'a' }, { name: 'a', upstreamName: 'b' }] },
  ])('are refused where they would break something: %j', async (more) => {
    expect(await create(anna, more)).toMatchObject({ status: 400 });
    const { id } = await created(anna, {});
    expect((await change(anna, id, more))[0]).toBe(400);
  });

  it('do not follow the address to another server unseen', async () => {
    const { id } = await created(anna, { credential: 'sk-1', headers: { 'x-a': '{credential}' } });
    const elsewhere = 'https://thief.example/v1';
    const needed = [400, 'provider_secrets_needed'];
    expect(await change(anna, id, { baseUrl: elsewhere })).toEqual(needed);
    expect(await change(anna, id, { baseUrl: elsewhere, credential: 'sk-2' })).toEqual(needed);
    expect(await candidate(anna)).toMatchObject({ url: baseUrl, headers: { 'x-a': 'sk-1' } });
    const all = { baseUrl: elsewhere, credential: 'sk-2', headers: {}, query: {} };
    expect(await change(anna, id, all)).toEqual([200, null]);
    expect(await candidate(anna)).toMatchObject({
      url: elsewhere,
      headers: { authorization: 'Bearer sk-2' },
    });
  });

  it('of workers there are none', async () => {
    const { body } = await call(anna, 'POST', providersPath, { kind: 'coderai', name: 'box' });
    expect(body.provider).toMatchObject({ headerNames: null, queryNames: null });
    for (const more of [{ headers: {} }, { query: {} }, { models }, { baseUrl }]) {
      expect(await change(anna, body.provider.id, more)).toEqual([409, 'provider_not_hosted']);
    }
  });
});

describe('the models of a hosted provider', () => {
  it('may be one under several names, each with its own price', async () => {
    const { id } = await created(anna, {
      models: [
        { name: 'fast', upstreamName: 'gpt-x' },
        { name: 'cheap', upstreamName: 'gpt-x' },
      ],
    });
    for (const [model, price] of [
      ['fast', '2000000'],
      ['cheap', '1000000'],
    ]) {
      const listing = { providerId: id, model, prices: { prompt_token: price } };
      expect((await call(anna, 'PUT', '/api/catalog/listings', listing)).status).toBe(200);
      expect(await candidate(anna, model)).toMatchObject({ model: 'gpt-x' });
    }
    expect(await change(anna, id, { models: [{ name: 'fast', upstreamName: 'gpt-y' }] })).toEqual([
      200,
      null,
    ]);
    expect(await candidate(anna, 'fast')).toMatchObject({ model: 'gpt-y' });
    expect(await candidate(anna, 'cheap')).not.toHaveProperty('model');
  });
});

describe('where a hosted provider is', () => {
  it.each([
    ['http://upstream.example/v1', 'scheme'],
    ['https://upstream.example:25/v1', 'port'],
    ['https://10.0.0.1/v1', 'address'],
    ['https://169.254.169.254/v1', 'address'],
    ['https://0x7f000001/v1', 'address'],
    ['https://[::ffff:7f00:1]/v1', 'address'],
    ['https://localhost:7001/v1', 'address'],
  ])('of a user, is not %s: %s', async (url, reason) => {
    for (const [person, more] of [
      [anna, {}],
      [operator, { username: 'anna' }],
    ] as const) {
      const { status, body } = await create(person, { baseUrl: url, ...more });
      expect([status, body.error.code, body.error.details]).toEqual([
        ...[400, 'provider_url_refused', { reason }],
      ]);
    }
    const { id } = await created(anna, {});
    expect(await change(anna, id, { baseUrl: url })).toEqual([400, 'provider_url_refused']);
  });

  it('of the operator may be called without TLS, and inside where the settings say so', async () => {
    expect((await create(operator, { baseUrl: 'http://upstream.example/v1' })).status).toBe(201);
    const inside = { kind: 'openai', name: 'ollama', baseUrl: 'http://127.0.0.1:11434/v1', models };
    expect(await call(operator, 'POST', providersPath, inside)).toMatchObject({ status: 400 });
    const open = await harness.router({ AISBF_EGRESS_OPERATOR_INTERNAL: 'true' });
    const make = (person: Person) => open.call(person.apiToken, 'POST', providersPath, inside);
    expect(await make(operator)).toMatchObject({ status: 201 });
    expect(await make(anna)).toMatchObject({ status: 400 });
    await open.close();
  });

  it('says to gateways whose it is', async () => {
    await created(operator, {});
    expect(await candidate(operator)).toMatchObject({ isOfOperator: true });
    await admin.query('DELETE FROM provider');
    await created(anna, {});
    expect(await candidate(anna)).not.toHaveProperty('isOfOperator');
  });

  it('is for operators to say alone, where users may not', async () => {
    const closed = await harness.router({ ROUTER_HOSTED_BY_USERS: 'false' });
    const request = { kind: 'openai', name: 'cloud', baseUrl, models };
    const refused = await closed.call(anna.apiToken, 'POST', providersPath, request);
    expect([refused.status, refused.body.error.code]).toEqual([403, 'provider_hosting_closed']);
    const made = await closed.call(operator.apiToken, 'POST', providersPath, request);
    expect(made.status).toBe(201);
    await closed.close();
  });
});
