import { RegistrationRevoked, subjects } from '@aisbf/contracts';
import { createLog, NatsBus } from '@aisbf/platform';
import { natsUrl, until } from '@aisbf/testkit';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { openCall, type Stage, startStage } from './broker-stage.js';
import { apiTokens, otherProvider, sellerProvider } from './fake-peers.js';
import { type Frame, ScriptedWorker } from './scripted-worker.js';

const completion = (content: string) => ({ status: 'ok', payload: { choices: [content] } });
const textOf = (content: string) => JSON.stringify(completion(content).payload);

/** Every name under which somebody might try to be somebody else. */
const serverOwned = {
  owner_user_id: otherProvider.ownerId,
  ownerId: otherProvider.ownerId,
  session_id: 'another-session',
  sessionId: 'another-session',
  provider_id: 'another-provider',
  providerId: otherProvider.providerId,
  client_id: 'client-2',
  clientId: 'client-2',
  username: 'other',
  scope_name: 'other',
  epoch: 99,
  expires_at: 1,
  connectedAtMs: 1,
  accepted: false,
  state: 'closed',
  role: 'operator',
  extensions: ['everything'],
  ['__proto__']: { ownerId: 'x' },
};

describe('what a worker may not do to another', () => {
  let stage: Stage;
  let bus: NatsBus;
  const workers: ScriptedWorker[] = [];
  const open = async (options: Parameters<typeof ScriptedWorker.start>[1] = {}) => {
    const capabilities = { concurrency: 10 };
    const worker = await ScriptedWorker.start(stage.url, { capabilities, ...options });
    workers.push(worker);
    await worker.frame(({ op }) => op === 'models.list');
    return worker;
  };
  const ofOther = { username: 'other', registrationToken: otherProvider.registrationToken };
  const ask = (worker: ScriptedWorker, requestId = 'req_1') =>
    openCall(stage.url, { sessionId: worker.sessionId, requestId });
  const get = async (path: string, apiToken: string) => {
    const headers = { authorization: `Bearer ${apiToken}` };
    const response = await fetch(`${stage.url}${path}`, { headers });
    return (await response.json()) as { sessions: readonly Record<string, unknown>[] };
  };
  /** The owner's view, without what time alone changes. */
  const seen = async (apiToken = apiTokens.seller) => {
    const { sessions } = await get('/api/coderai/broker/sessions', apiToken);
    return sessions.map(({ heardAtMs: _, ...session }) => session);
  };
  const countOf = async (kind: string): Promise<number> => {
    const text = await (await fetch(`${stage.url}/metrics`)).text();
    const line = new RegExp(`frames_total\\{[^}]*kind="${kind}"[^}]*\\} (\\d+)`).exec(text);
    return Number(line?.[1] ?? 0);
  };

  beforeAll(async () => {
    stage = await startStage();
    const log = createLog('test', 'silent');
    bus = await NatsBus.connect({ url: await natsUrl(), name: 'test', log });
  });
  afterEach(async () => {
    for (const worker of workers.splice(0)) worker.socket.terminate();
    await until(async () => (await seen(apiTokens.operator)).length === 0);
  });
  afterAll(async () => {
    await stage.close();
    await bus.close();
  });

  it.each([
    ['beside its fields', { ...serverOwned, payload: { uptime: 1 } }],
    ['in its payload', { payload: { ...serverOwned, uptime: 1 } }],
    ['in its hardware', { payload: { hardware: serverOwned } }],
    ['where a register has its own', { payload: { ...serverOwned, capabilities: serverOwned } }],
  ])('takes nothing that is the server’s from a heartbeat: %s', async (_, fields) => {
    const worker = await open({ capabilities: { server: 'scripted', concurrency: 10 } });
    worker.heartbeat();
    await worker.frame(({ request_id }) => request_id === 'hb-1');
    await until(async () => JSON.stringify(await seen()).includes('model-a'));
    const before = await seen();
    worker.send({ v: 1, op: 'heartbeat', request_id: 'hb-2', ...fields });
    const answer = await worker.frame(({ request_id }) => request_id === 'hb-2');
    expect(Object.keys(answer).sort()).toEqual(['event', 'payload', 'request_id', 'status', 'v']);
    expect(await seen()).toEqual(before);
    expect(await seen(apiTokens.other)).toEqual([]);

    worker.register({ concurrency: 10 });
    const isSecond = (frame: Frame) =>
      worker.frames.filter(({ request_id }) => request_id === 'reg-1').indexOf(frame) === 1;
    expect(await worker.frame(isSecond)).toMatchObject({
      session_id: worker.sessionId,
      owner_user_id: sellerProvider.ownerId,
      client_id: 'client-1',
      username: 'seller',
    });
  });

  it('takes nothing of the kind from a register either', async () => {
    const worker = await open();
    worker.send({ v: 1, op: 'register', request_id: 'r', ...serverOwned, payload: serverOwned });
    expect(await worker.frame(({ request_id }) => request_id === 'r')).toMatchObject({
      accepted: true,
      session_id: worker.sessionId,
      owner_user_id: sellerProvider.ownerId,
      provider_id: sellerProvider.providerName,
      client_id: 'client-1',
    });
    expect(await seen()).toMatchObject([
      {
        session_id: worker.sessionId,
        client_id: 'client-1',
        username: 'seller',
        presence: { ownerId: sellerProvider.ownerId, providerId: sellerProvider.providerId },
      },
    ]);
  });

  it.each<[string, object]>([
    ['a whole answer', completion('forged')],
    ['a piece of a stream', { event: 'chunk', payload: { chunk: 'data: {}\n\n' } }],
    ['an end', { event: 'done', payload: {} }],
    ['a failure', { status: 'error', error: { code: 'stream_error', message: 'forged' } }],
    ['that it is pending', { event: 'pending', status: 'pending', payload: {} }],
    ['nonsense', { event: 'tomorrow' }],
  ])('drops and counts what a session says that was not asked: %s', async (_, forged) => {
    const asked = await open();
    const idle = await open({ clientId: 'client-2' });
    const stranger = await open(ofOther);
    const calls = new Map<string, Frame>();
    for (const worker of [asked, idle]) {
      worker.on('chat.completions', (frame) => calls.set(worker.sessionId, frame));
    }
    const running = ask(asked, 'req_of_one');
    const frame = await until(() => calls.get(asked.sessionId));
    const before = await countOf('late-answer');
    for (const thief of [idle, stranger]) {
      thief.answer(frame, forged);
      thief.heartbeat();
      // The answer to it says that what came before it has been read.
      await thief.frame(({ request_id }) => request_id === 'hb-1');
    }
    expect(await countOf('late-answer')).toBe(before + 2);
    expect(idle.closed ?? stranger.closed).toBeUndefined();
    // One that has a request of its own under the same name answers that one alone.
    const other = ask(idle, 'req_of_one');
    const otherFrame = await until(() => calls.get(idle.sessionId));
    idle.answer(otherFrame, completion('of the other'));
    expect((await other.answer).text).toBe(textOf('of the other'));
    asked.answer(frame, completion('of the one'));
    expect(await running.answer).toMatchObject({ status: 200, text: textOf('of the one') });
  });

  it('keeps two owners apart whose providers and machines have the same names', async () => {
    const [mine, theirs] = [await open(), await open(ofOther)];
    for (const [worker, name] of [
      [mine, 'mine'],
      [theirs, 'theirs'],
    ] as const) {
      worker.on('chat.completions', (frame) => worker.answer(frame, completion(name)));
      expect((await ask(worker).answer).text).toBe(textOf(name));
    }
    for (const worker of [mine, theirs]) {
      expect(worker.frames.filter(({ op }) => op === 'chat.completions')).toHaveLength(1);
    }
    for (const [apiToken, worker] of [
      [apiTokens.seller, mine],
      [apiTokens.other, theirs],
    ] as const) {
      const status = await get('/api/coderai/broker/providers/rig/status', apiToken);
      expect(await seen(apiToken)).toMatchObject([{ session_id: worker.sessionId }]);
      expect(status.sessions).toMatchObject([{ session_id: worker.sessionId }]);
    }
    const mineSeen = JSON.stringify(
      await get('/api/coderai/broker/providers/rig/status', apiTokens.seller),
    );
    expect(mineSeen).not.toMatch(new RegExp(`${theirs.sessionId}|${otherProvider.ownerId}`));

    // A takeover and a revocation of the one are none of the other.
    const newer = await open(ofOther);
    expect((await theirs.end()).code).toBe(4001);
    bus.publish(
      subjects.registrationRevoked,
      RegistrationRevoked.parse({
        type: 'registration-revoked',
        providerId: otherProvider.providerId,
        clientId: 'client-1',
        reason: 'token_revoked',
      }),
    );
    expect((await newer.end()).code).toBe(4003);
    expect((await ask(mine).answer).text).toBe(textOf('mine'));
  });

  it('lets neither in with what is the other’s', async () => {
    const { registrationToken } = otherProvider;
    const attempts: readonly Parameters<typeof ScriptedWorker.connect>[1][] = [
      { registrationToken },
      { username: 'other' },
      { path: '/api/u/other/coderai/wss' },
      { path: '/api/u/other/coderai/wss', registrationToken },
      { path: '/api/u/seller/coderai/wss', username: 'other', registrationToken },
    ];
    for (const attempt of attempts) {
      await expect(ScriptedWorker.connect(stage.url, attempt)).rejects.toThrow('refused with 40');
    }
    expect(await seen(apiTokens.operator)).toEqual([]);
  });
});

describe('what a worker learns of a buyer', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await startStage();
  });
  afterAll(() => stage.close());

  /** In every header that could carry it; the body is the buyer's own words, and is passed on. */
  const canaries = {
    authorization: 'Bearer canary-token',
    'proxy-authorization': 'Basic canary',
    cookie: 'canary=cookie',
    'x-api-key': 'canary-key',
    'api-key': 'canary-key',
    'x-forwarded-for': 'canary-address',
    'x-real-ip': 'canary-address',
    forwarded: 'for=canary-address',
    'cf-connecting-ip': 'canary-address',
    'user-agent': 'canary-agent',
    referer: 'https://canary.example',
    origin: 'https://canary.example',
    from: 'canary@example',
    'x-aisbf-buyer': 'canary-buyer',
    'openai-organization': 'canary-organisation',
    'x-user': 'canary-name',
  };
  const form = () => {
    const parts = new FormData();
    parts.append('model', 'model-a');
    parts.append('file', new Blob(['words'], { type: 'audio/wav' }), "the buyer's own name.wav");
    return new Response(parts);
  };

  it('is nothing but what the buyer says in the request itself', async () => {
    const worker = await ScriptedWorker.connect(stage.url);
    const texts: string[] = [];
    worker.socket.on('message', (data) => texts.push(String(data)));
    for (const op of ['chat.completions', 'proxy', 'capabilities']) {
      worker.on(op, (frame) => worker.answer(frame, completion('x')));
    }
    worker.on('models.list', (frame) =>
      worker.answer(frame, { status: 'ok', payload: { data: [{ id: 'model-a' }] } }),
    );
    worker.register();
    await worker.frame(({ op }) => op === 'capabilities');
    const sent = form();
    const contentType = sent.headers.get('content-type') ?? '';
    const multipart = Buffer.from(await sent.arrayBuffer());
    const requests: readonly Partial<Parameters<typeof openCall>[1]>[] = [
      {},
      { isStream: true },
      { path: '/v1/images/generations?n=2' },
      {
        path: '/v1/audio/transcriptions',
        body: multipart,
        headers: { 'content-type': contentType },
      },
      { path: '/v1/audio/raw', body: 'bytes', headers: { 'content-type': 'audio/wav' } },
      { path: '/v1/files', method: 'GET' },
      { path: '/v1/files/1', method: 'DELETE', body: '' },
    ];
    for (const request of requests) {
      const headers = { ...canaries, ...request.headers };
      const call = openCall(stage.url, { sessionId: worker.sessionId, ...request, headers });
      expect((await call.answer).status).toBe(200);
    }
    const whole = texts.join('\n');
    const asked = worker.frames.filter(({ op }) => op === 'chat.completions' || op === 'proxy');
    expect(asked).toHaveLength(requests.length);
    expect(whole).not.toMatch(/canary|a-secret-of-sixteen|127\.0\.0\.1/i);
    expect(whole).toContain("the buyer's own name.wav");
    const told = asked.flatMap(({ payload }) => Object.keys((payload?.headers as object) ?? {}));
    expect([...new Set(told)].sort()).toEqual(['content-type', 'x-request-id']);
  });
});
