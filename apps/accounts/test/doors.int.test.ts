import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  ApiTokenChanged,
  type Authorise,
  internalHeaders,
  internalPaths,
  streams,
  subjects,
  UsageSettled,
} from '@aisbf/contracts';
import { createLog, NatsBus, readConfig } from '@aisbf/platform';
import { createDatabase, natsUrl, type TestDatabase, until } from '@aisbf/testkit';
import {
  credentials,
  Metadata,
  makeGenericClientConstructor,
  type ServiceError,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startAccounts } from '../src/accounts.js';
import { accountsSettings } from '../src/config.js';
import { authoriseBy, newRequestId, settleOf } from './ledger-bench.js';

const internalSecret = 'a secret of this test only';

let database: TestDatabase;
let folder: string;
let bus: NatsBus;
let accounts: Awaited<ReturnType<typeof startAccounts>>;
let url: string;
let operatorToken: string;

beforeAll(async () => {
  database = await createDatabase();
  folder = await mkdtemp(join(tmpdir(), 'aisbf-accounts-'));
  const nats = await natsUrl();
  const settings = readConfig(accountsSettings, {
    AISBF_INTERNAL_SECRET: internalSecret,
    AISBF_NATS_URL: nats,
    ACCOUNTS_HTTP_PORT: '0',
    ACCOUNTS_GRPC_PORT: '0',
    ACCOUNTS_LOG_LEVEL: 'silent',
    ACCOUNTS_DATABASE_URL: database.urls.accounts,
    ACCOUNTS_SECRET_PEPPER: 'a pepper of this test only',
    ACCOUNTS_OPERATOR_API_TOKEN_FILE: join(folder, 'operator-token'),
    ACCOUNTS_OUTBOX_INTERVAL_MS: '50',
    ACCOUNTS_REAPER_INTERVAL_MS: '50',
  });
  accounts = await startAccounts(settings);
  url = await accounts.app.getUrl();
  operatorToken = (await readFile(join(folder, 'operator-token'), 'utf8')).trim();
  bus = await NatsBus.connect({ url: nats, name: 'test', log: createLog('test', 'silent') });
});
afterAll(async () => {
  const violations = await (await fetch(`${url}/metrics`)).text();
  expect(violations).toContain('aisbf_accounts_ledger_violations');
  await bus.close();
  await accounts.close();
  await rm(folder, { recursive: true });
  await database.drop();
});

type Answer = Readonly<{ status: number; body: Record<string, unknown> }>;

async function call(method: string, path: string, token?: string, body?: unknown): Promise<Answer> {
  const response = await fetch(`${url}${path}`, {
    method,
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(path.startsWith('/internal') && { [internalHeaders.secret]: internalSecret }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? {} : JSON.parse(text) };
}

const asOperator = (method: string, path: string, body?: unknown) =>
  call(method, path, operatorToken, body);

async function member(
  scopes: readonly string[] = ['inference', 'manage', 'usage'],
  amount = '1000',
) {
  const username = `user-${randomUUID().slice(0, 8)}`;
  const user = await asOperator('POST', '/api/account/users', { username });
  const token = await asOperator('POST', '/api/account/api-tokens', {
    name: 't',
    username,
    scopes,
  });
  await asOperator('POST', '/api/account/grants', {
    username,
    amount,
    grantId: randomUUID(),
    reason: 'test',
  });
  return {
    username,
    ownerId: String(user.body.ownerId),
    apiTokenId: String(token.body.id),
    apiToken: String(token.body.apiToken),
  };
}

async function hold(buyer: Awaited<ReturnType<typeof member>>, change: Partial<Authorise> = {}) {
  const seller = await member();
  const command = authoriseBy(buyer, seller, { concurrencyMax: 10, ...change });
  return {
    command,
    answer: await call('POST', internalPaths.accountsAuthorise, undefined, command),
  };
}

describe('the management API', () => {
  it('makes users, tokens and credit, and shows each to its owner', async () => {
    const alice = await member();
    const balance = await call('GET', '/api/account/balance', alice.apiToken);
    expect(balance.body).toEqual({
      username: alice.username,
      currency: 'USD',
      posted: '1000',
      promo: '0',
      held: '0',
      available: '1000',
      owed: '0',
      earned: '0',
    });
    const tokens = await call('GET', '/api/account/api-tokens', alice.apiToken);
    expect(JSON.stringify(tokens.body)).not.toContain(alice.apiToken);
    expect(tokens.body.apiTokens).toHaveLength(1);
  });

  it.each([
    ['no token', undefined, 401, 'api_token_invalid'],
    ['something that is no token', 'abc', 401, 'api_token_invalid'],
    [
      'a token that nobody has',
      'aisbf_5x38DbNcEyZQ_tQqALpjPn8vRBPzw8z5cHz87XpthySjiY4udTA',
      401,
      'api_token_invalid',
    ],
  ])('refuses %s', async (_name, token, status, code) => {
    expect(await call('GET', '/api/account/balance', token)).toMatchObject({
      status,
      body: { error: { code } },
    });
  });

  it('lets members do what is theirs, and nothing else', async () => {
    const [alice, bob] = [await member(), await member(['inference'])];
    const forbidden = [
      call('POST', '/api/account/users', alice.apiToken, { username: 'eve' }),
      call('POST', '/api/account/api-tokens', alice.apiToken, {
        name: 'x',
        username: bob.username,
      }),
      call('POST', '/api/account/grants', alice.apiToken, {
        username: alice.username,
        amount: '1',
        grantId: randomUUID(),
        reason: 'x',
      }),
      call('GET', '/api/account/balance', bob.apiToken),
    ];
    for (const answer of await Promise.all(forbidden)) expect(answer.status).toBe(403);
    expect(
      await call('DELETE', `/api/account/api-tokens/${bob.apiTokenId}`, alice.apiToken),
    ).toMatchObject({ status: 404 });
  });

  it.each([
    ['POST', '/api/account/users', { username: 'No Spaces' }],
    ['POST', '/api/account/users', { username: 'global' }],
    ['POST', '/api/account/users', { username: 'x', admin: true }],
    ['POST', '/api/account/api-tokens', { name: '', scopes: ['root'] }],
    [
      'POST',
      '/api/account/grants',
      { username: 'x', amount: '-1', grantId: randomUUID(), reason: 'x' },
    ],
    [
      'POST',
      '/api/account/grants',
      { username: 'x', amount: 1.5, grantId: randomUUID(), reason: 'x' },
    ],
    [
      'POST',
      '/api/account/grants',
      { username: 'x', amount: '', grantId: randomUUID(), reason: 'x' },
    ],
    [
      'POST',
      '/api/account/grants',
      { username: 'global', amount: '9999999999999999999', grantId: randomUUID(), reason: 'x' },
    ],
    ['GET', '/api/account/receipts?limit=0', undefined],
    ['GET', '/api/account/receipts/nonsense', undefined],
    ['DELETE', '/api/account/api-tokens/nonsense', undefined],
  ])('answers %s %s with %j by a clear 400', async (method, path, body) => {
    const answer = await asOperator(method, path, body);
    expect(answer.status).toBe(400);
    expect(answer.body).toHaveProperty('error.code');
  });

  it('gives an operator a token of its own where it names nobody', async () => {
    const made = await asOperator('POST', '/api/account/api-tokens', {
      name: 'second',
      scopes: ['usage'],
    });
    expect(made).toMatchObject({ status: 201, body: { username: 'global' } });
    const me = await call('GET', '/api/account/me', String(made.body.apiToken));
    expect(me.body).toMatchObject({ role: 'operator', username: 'global' });
  });

  it('knows a taken name, a repeated grant and an unknown user', async () => {
    const { username } = await member();
    expect(await asOperator('POST', '/api/account/users', { username })).toMatchObject({
      status: 409,
    });
    const grant = { username, amount: '5', grantId: randomUUID(), reason: 'x' };
    expect(await asOperator('POST', '/api/account/grants', grant)).toMatchObject({
      body: { isReplay: false },
    });
    expect(await asOperator('POST', '/api/account/grants', grant)).toMatchObject({
      body: { isReplay: true },
    });
    expect(
      await asOperator('POST', '/api/account/grants', { ...grant, amount: '6' }),
    ).toMatchObject({ status: 409 });
    expect(
      await asOperator('POST', '/api/account/grants', { ...grant, username: 'nobody' }),
    ).toMatchObject({ status: 404 });
  });

  it('ends a token at once when it is revoked', async () => {
    const alice = await member();
    const told = Promise.withResolvers<unknown>();
    const subscription = bus.subscribe(subjects.apiTokenChanged, ApiTokenChanged, told.resolve);
    await bus.flush();
    expect(
      await call('DELETE', `/api/account/api-tokens/${alice.apiTokenId}`, alice.apiToken),
    ).toMatchObject({ status: 200, body: { isAcknowledged: true, missing: [] } });
    expect((await call('GET', '/api/account/balance', alice.apiToken)).status).toBe(401);
    expect((await hold(alice)).answer).toMatchObject({
      status: 401,
      body: { fault: { code: 'API_TOKEN_INVALID' } },
    });
    expect(await told.promise).toMatchObject({ apiTokenId: alice.apiTokenId });
    subscription.unsubscribe();
  });
});

describe('the internal door', () => {
  it('opens for our own services only', async () => {
    const response = await fetch(`${url}${internalPaths.accountsIdentify}`, {
      method: 'POST',
      body: '{}',
    });
    expect(response.status).toBe(403);
  });

  it('identifies, holds, settles, tells of it and shows the receipt', async () => {
    const alice = await member();
    const identified = await call('POST', internalPaths.accountsIdentify, undefined, {
      type: 'identify',
      apiToken: alice.apiToken,
    });
    expect(identified.body).toMatchObject({ username: alice.username, role: 'member' });
    const { command, answer } = await hold(alice);
    expect(answer).toMatchObject({ status: 200, body: { holdEpoch: 1, isReplay: false } });
    const settled = await call('POST', internalPaths.accountsSettle, undefined, settleOf(command));
    expect(settled.body).toMatchObject({ result: 'settled', charged: '300' });

    await until(async () => {
      const message = await (await bus.jetStreamManager()).streams.getMessage(streams.usage.name, {
        last_by_subj: subjects.usageSettled,
      });
      const usages = message ? UsageSettled.parse(message.json()).usages : [];
      return usages.some(({ requestId }) => requestId === command.requestId);
    });

    const receipt = await call('POST', internalPaths.accountsReceipt, undefined, {
      type: 'get-receipt',
      apiToken: alice.apiToken,
      requestId: command.requestId,
    });
    expect(receipt.body).toMatchObject({
      state: 'settled',
      charge: '300',
      chargeUsd: '0.000000300',
      servedBy: { provider: 'seller/gpu', model: 'demo-small', sessionId: 'session-1' },
      attempts: [{ result: 'served', httpStatus: 200 }],
    });
    const foreign = await member();
    expect(
      await call('GET', `/api/account/receipts/${command.requestId}`, foreign.apiToken),
    ).toMatchObject({ status: 404 });
    expect((await call('GET', '/api/account/receipts', alice.apiToken)).body.receipts).toHaveLength(
      1,
    );
  });

  it('settles what comes through the stream, once, and lets the hopeless go', async () => {
    const alice = await member();
    const { command } = await hold(alice);
    const stream = bus.jetStream();
    await stream.publish(subjects.settle, 'no JSON');
    await stream.publish(
      subjects.settle,
      JSON.stringify(settleOf(command, { requestId: newRequestId() })),
    );
    for (let copy = 0; copy < 8; copy += 1)
      await stream.publish(subjects.settle, JSON.stringify(settleOf(command)));
    await until(
      async () => (await call('GET', '/api/account/balance', alice.apiToken)).body.posted === '700',
    );
    const manager = await bus.jetStreamManager();
    await until(
      async () =>
        (await manager.consumers.info(streams.settle.name, 'accounts-settle')).num_ack_pending ===
        0,
    );
    expect((await call('GET', '/api/account/balance', alice.apiToken)).body).toMatchObject({
      posted: '700',
      held: '0',
    });
  });

  it('withdraws a request, directly and through the stream', async () => {
    const alice = await member();
    const { command } = await hold(alice);
    const order = (requestId: string) => ({ type: 'withdraw', requestId });
    expect(
      await call('POST', internalPaths.accountsWithdraw, undefined, order(command.requestId)),
    ).toMatchObject({ status: 200, body: { result: 'released' } });
    const next = { ...command, requestId: newRequestId() };
    await call('POST', internalPaths.accountsAuthorise, undefined, next);
    await bus.jetStream().publish(subjects.settle, JSON.stringify(order(next.requestId)));
    await until(
      async () => (await call('GET', '/api/account/balance', alice.apiToken)).body.held === '0',
    );
    expect(await call('POST', internalPaths.accountsAuthorise, undefined, next)).toMatchObject({
      status: 409,
      body: { fault: { code: 'REQUEST_WITHDRAWN' } },
    });
    expect(await call('POST', internalPaths.accountsWithdraw, undefined, order('x'))).toMatchObject(
      { status: 400 },
    );
  });

  it('takes back an expired hold by itself', async () => {
    const alice = await member();
    const { command } = await hold(alice, { expiresAtMs: Date.now() + 200 });
    await until(
      async () => (await call('GET', '/api/account/balance', alice.apiToken)).body.held === '0',
    );
    expect(
      await call('POST', internalPaths.accountsSettle, undefined, settleOf(command)),
    ).toMatchObject({ body: { result: 'fenced', charged: '0' } });
  });

  it.each([
    ['a negative count', { units: { prompt_token: -1 } }],
    ['half a token', { units: { completion_token: 0.5 } }],
    ['a count beyond belief', { units: { completion_token: 1e15 } }],
    ['a kind of unit that nobody sells', { units: { smile: 1 } }],
    ['an unknown outcome', { outcome: 'paid' }],
    ['a field too many', { charge: '7' }],
    ['a position out of range', { servedPosition: 64 }],
  ])('refuses a settlement with %s', async (_name, change) => {
    const { command } = await hold(await member());
    const answer = await call('POST', internalPaths.accountsSettle, undefined, {
      ...settleOf(command),
      ...change,
    });
    expect(answer).toMatchObject({ status: 400, body: { fault: { code: 'REQUEST_INVALID' } } });
  });
});

describe('the gRPC door', () => {
  const definition = loadSync(
    fileURLToPath(import.meta.resolve('@aisbf/contracts/proto/accounts.proto')),
    { keepCase: true, longs: Number },
  );
  type Call = (
    request: object,
    metadata: Metadata,
    done: (error: ServiceError | null, answer: Record<string, unknown>) => void,
  ) => void;

  async function grpc(
    method: string,
    request: object,
    secret = internalSecret,
  ): Promise<Record<string, unknown>> {
    const service = definition['aisbf.accounts.v1.Accounts'];
    const Client = makeGenericClientConstructor(service as never, 'Accounts');
    const client = new Client(`127.0.0.1:${accounts.grpcPort}`, credentials.createInsecure());
    const metadata = new Metadata();
    metadata.set(internalHeaders.secret, secret);
    try {
      return await new Promise((resolve, reject) => {
        (client[method] as unknown as Call).call(client, request, metadata, (error, answer) =>
          error ? reject(error) : resolve(answer),
        );
      });
    } finally {
      client.close();
    }
  }

  it('holds and settles like the HTTP door', async () => {
    const alice = await member();
    expect(await grpc('Identify', { apiToken: alice.apiToken })).toMatchObject({
      username: alice.username,
    });
    const { command } = await hold(alice, { amount: '400' });
    const second = { ...command, requestId: newRequestId() };
    expect(await grpc('Authorise', second)).toMatchObject({ holdEpoch: 1, amount: '400' });
    expect(await grpc('Settle', settleOf(second))).toMatchObject({
      result: 'settled',
      charged: '300',
    });
    expect(await grpc('Settle', settleOf(second))).toMatchObject({
      result: 'replay',
      charged: '300',
    });
    expect(await grpc('Withdraw', { requestId: newRequestId() })).toMatchObject({
      result: 'prevented',
    });
  });

  it('refuses with a status and the fault in its metadata', async () => {
    const refusal = await grpc('Identify', { apiToken: 'abc' }).catch(
      (error: ServiceError) => error,
    );
    expect(refusal).toMatchObject({ code: 16 });
    expect(JSON.parse(String((refusal as ServiceError).metadata.get('fault')[0]))).toMatchObject({
      code: 'API_TOKEN_INVALID',
    });
    await expect(grpc('Identify', { apiToken: 'abc' }, 'wrong')).rejects.toMatchObject({ code: 7 });
    await expect(grpc('Settle', {})).rejects.toMatchObject({ code: 3 });
  });
});

describe('the probes', () => {
  it('tell that the service is well, and that it is leaving', async () => {
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    expect(await (await fetch(`${url}/readyz`)).json()).toEqual({ ready: true, missing: [] });
  });
});
