import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Stage, startStage } from './broker-stage.js';
import { apiTokens, otherProvider, sellerProvider } from './fake-peers.js';
import { Refusal, ScriptedWorker, type WorkerOptions } from './scripted-worker.js';

const refusalOf = async (stage: Stage, options: WorkerOptions): Promise<Refusal> => {
  try {
    await ScriptedWorker.connect(stage.url, options);
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
  throw new Error('the worker was let in');
};

describe("the workers' door", () => {
  let stage: Stage;
  const get = async (path: string, apiToken?: string) => {
    const headers = apiToken === undefined ? {} : { authorization: `Bearer ${apiToken}` };
    const response = await fetch(`${stage.url}${path}`, { headers });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };

  beforeAll(async () => {
    stage = await startStage({
      BROKER_BASE_PATH: '/aisbf/',
      BROKER_REGISTER_WAIT_MS: '300',
      BROKER_TAKEOVERS_PER_MINUTE_MAX: '1000',
    });
  });
  afterAll(() => stage.close());

  it.each(['query', 'headers', 'bearer'] as const)(
    'reads the identity from the %s',
    async (identityIn) => {
      const worker = await ScriptedWorker.connect(stage.url, { identityIn });
      const frame = await worker.frame(({ event }) => event === 'registered');
      expect(frame).toMatchObject({
        v: 1,
        status: 'ok',
        accepted: true,
        provider_id: 'rig',
        client_id: 'client-1',
        username: 'seller',
        scope_name: 'seller',
        owner_user_id: sellerProvider.ownerId,
      });
      expect(frame).not.toHaveProperty('op');
      expect(frame.session_id).toEqual(expect.stringMatching(/.+/));
    },
  );

  it.each([
    ['behind a base path', '/aisbf/api/u/seller/coderai/wss'],
    ['with a percent-encoded username', '/api/u/%73eller/coderai/wss'],
  ])('is also there %s', async (_, path) => {
    const worker = await ScriptedWorker.connect(stage.url, { path });
    await worker.frame(({ event }) => event === 'registered');
  });

  it.each<[string, WorkerOptions, number]>([
    ['a wrong token', { registrationToken: 'wrong' }, 401],
    ['an unknown provider', { providerId: 'nothing' }, 401],
    ['a client id that is not allowed', { clientId: 'client-9' }, 403],
    ['no client id', { clientId: '' }, 403],
    ["another owner's scope", { path: '/api/u/other/coderai/wss' }, 401],
    [
      'a username that is not the scope',
      { username: 'other', path: '/api/u/seller/coderai/wss' },
      403,
    ],
    ['a token that is absurdly long', { registrationToken: 'x'.repeat(2000) }, 401],
  ])('refuses %s before the upgrade, and says no more', async (_, options, status) => {
    const refusal = await refusalOf(stage, options);
    expect(refusal.status).toBe(status);
    expect(JSON.parse(refusal.body)).toEqual({
      error: { code: 'registration_rejected', message: 'registration rejected' },
    });
  });

  it.each(['/api/u/%zz/coderai/wss', '/api/u/global/coderai/wss', '/somewhere', '/'])(
    'knows no socket at %s',
    async (path) => {
      expect((await refusalOf(stage, { path })).status).toBe(404);
    },
  );

  it('stops asking about an identity that is refused again and again', async () => {
    const options = { registrationToken: 'wrong-again' };
    for (let attempt = 0; attempt < 10; attempt += 1) await refusalOf(stage, options);
    const asked = stage.peers.asked();
    const refusal = await refusalOf(stage, options);
    expect(refusal.status).toBe(429);
    expect(refusal.headers['retry-after']).toBe('60');
    expect(stage.peers.asked()).toBe(asked);
    const worker = await ScriptedWorker.connect(stage.url);
    await worker.frame(({ event }) => event === 'registered');
  });

  it('answers every register without an op, first and later ones', async () => {
    const worker = await ScriptedWorker.start(stage.url);
    const first = await worker.frame(({ request_id }) => request_id === 'reg-1');
    expect(first).toMatchObject({
      event: 'registered',
      status: 'ok',
      session_id: worker.sessionId,
    });
    worker.send({ v: 1, op: 'register', request_id: 'reg-2' });
    const second = await worker.frame(({ request_id }) => request_id === 'reg-2');
    expect(second).toMatchObject({ event: 'registered', status: 'ok' });
    expect([first, second].every((frame) => !('op' in frame))).toBe(true);
  });

  it('asks a registered worker for its models, and for capabilities that it did not tell', async () => {
    const worker = await ScriptedWorker.connect(stage.url);
    worker.register();
    const [models, capabilities] = await Promise.all([
      worker.frame(({ op }) => op === 'models.list'),
      // The oldest clients do one thing at a time, so the second question waits for the first answer.
      worker
        .frame(({ op }) => op === 'models.list')
        .then((frame) => {
          worker.answer(frame, { status: 'ok', payload: { data: [] } });
          return worker.frame(({ op }) => op === 'capabilities');
        }),
    ]);
    expect(models).toMatchObject({ method: 'GET', path: '/v1/models', payload: {} });
    expect(capabilities).toMatchObject({ method: 'GET', path: '/coderai/capabilities' });
  });

  it('stores nothing of a register with another token', async () => {
    const worker = await ScriptedWorker.connect(stage.url);
    worker.register(undefined, { registration_token: 'another' });
    const answer = await worker.frame(({ request_id }) => request_id === 'reg-1');
    expect(answer).toMatchObject({ event: 'registered', status: 'error', accepted: false });
    expect(answer).not.toHaveProperty('op');
    expect(await worker.end()).toEqual({ code: 1008, reason: 'register_timeout' });
  });

  it('closes a connection that never registers', async () => {
    const worker = await ScriptedWorker.connect(stage.url);
    expect(await worker.end()).toEqual({ code: 1008, reason: 'register_timeout' });
  });

  it('answers the same question without a socket', async () => {
    const ask = (registrationToken: string, path = '/api/u/seller/coderai/register') =>
      fetch(`${stage.url}${path}`, {
        method: 'POST',
        headers: {
          'x-coderai-provider-id': 'rig',
          'x-coderai-client-id': 'client-1',
          'x-coderai-username': 'seller',
          'x-coderai-registration-token': registrationToken,
        },
      });
    const accepted = await ask('reg_right');
    expect(accepted.status).toBe(200);
    const body = (await accepted.json()) as object;
    expect(body).toMatchObject({ status: 'ok', accepted: true, provider_id: 'rig' });
    expect(body).not.toHaveProperty('session_id');
    expect((await ask('reg_right', '/aisbf/api/u/seller/coderai/register')).status).toBe(200);
    expect((await ask('wrong')).status).toBe(403);
    expect((await ask('reg_right', '/api/coderai/register')).status).toBe(403);
  });

  it('shows sessions and exact reasons to their owner and to operators only', async () => {
    const worker = await ScriptedWorker.start(stage.url);
    await worker.frame(({ op }) => op === 'models.list');
    await refusalOf(stage, { clientId: 'client-9' });
    const status = '/api/coderai/broker/providers/rig/status';
    expect((await get(status)).status).toBe(401);
    expect((await get(status, 'nobody')).status).toBe(401);
    expect((await get(status, apiTokens.sellerBuying)).status).toBe(403);
    const byId = `/api/coderai/broker/providers/${sellerProvider.providerId}/status`;
    expect((await get(byId, apiTokens.other)).status).toBe(404);
    for (const apiToken of [apiTokens.seller, apiTokens.operator]) {
      const { body } = await get(status, apiToken);
      expect(body.connected).toBe(true);
      expect(JSON.stringify(body.events)).toContain('client_not_allowed');
      expect(JSON.stringify(body)).not.toContain('reg_right');
    }
    expect((await get('/api/coderai/broker/sessions', apiTokens.other)).body.count).toBe(0);
    expect((await get('/api/coderai/broker/sessions', apiTokens.seller)).body.count).not.toBe(0);
  });

  it('never lets two owners with the same names meet', async () => {
    const mine = await ScriptedWorker.start(stage.url);
    const theirs = await ScriptedWorker.start(stage.url, {
      username: 'other',
      registrationToken: otherProvider.registrationToken,
    });
    await theirs.frame(({ op }) => op === 'models.list');
    expect(mine.closed).toBeUndefined();
    expect(theirs.sessionId).not.toBe(mine.sessionId);
  });
});
