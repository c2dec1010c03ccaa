import { afterEach, describe, expect, it } from '@jest/globals';
import { payloadOf, ScriptedMarket } from './scripted-market.js';
import { startUpstream } from './scripted-upstream.js';
import { registrationToken, workUnder } from './worker-under-test.js';

const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function start(
  settings: Readonly<Record<string, string>> = {},
  options: Parameters<typeof ScriptedMarket.start>[0] = {},
) {
  const market = await ScriptedMarket.start(options);
  closers.push(() => market.close());
  const worker = await workUnder(market.url, settings);
  closers.push(worker.stop);
  return { market, worker };
}

describe('opening a session', () => {
  it('tells its identity in the query and in headers, and registers at once', async () => {
    const { market } = await start();
    const session = await market.session(0);
    const url = new URL(session.request.url ?? '', market.url);
    expect(url.pathname).toBe('/api/u/ann/coderai/wss');
    expect(Object.fromEntries(url.searchParams)).toEqual({
      provider_id: 'box',
      client_id: 'desk-1',
      username: 'ann',
      registration_token: registrationToken,
    });
    expect(session.request.headers).toMatchObject({
      'x-coderai-provider-id': 'box',
      'x-coderai-client-id': 'desk-1',
      'x-coderai-username': 'ann',
      'x-coderai-registration-token': registrationToken,
      authorization: `Bearer ${registrationToken}`,
    });
    const register = await session.op('register');
    expect(payloadOf(register)).toMatchObject({
      registration_token: registrationToken,
      hardware: { gpus: expect.any(Array), cpu_count: expect.any(Number) },
      capabilities: {
        server: 'aisbf-worker',
        operations: expect.arrayContaining(['chat.completions', 'cancel']),
        limits: { max_frame_bytes: 64 * 1024 ** 2, concurrency: 4 },
      },
    });
  });

  it('serves below a base path, and the operator under its own', async () => {
    const market = await ScriptedMarket.start();
    closers.push(() => market.close());
    const worker = await workUnder(`${market.url}/shop/`, { WORKER_USERNAME: 'global' });
    closers.push(worker.stop);
    const { request } = await market.session(0);
    expect(request.url).toMatch(/^\/shop\/api\/coderai\/wss\?/);
  });

  it('accepts a market that speaks first and answers the registration plainly', async () => {
    const { market } = await start({}, { accepts: false });
    const session = await market.session(0);
    session.accept();
    const register = await session.op('register');
    session.send({ status: 'ok', request_id: register.request_id });
    await session.op('heartbeat');
    const id = session.ask('models.list');
    expect(payloadOf(await session.end(id))).toMatchObject({ status_code: 200 });
  });

  it('gives a market up that does not answer the registration', async () => {
    const { market, worker } = await start({ WORKER_GREETING_MS_MAX: '50' }, { accepts: false });
    await worker.line('market did not answer in time');
    await market.session(1);
  });

  it('advertises nothing and takes no large frame in the plain protocol', async () => {
    const { market } = await start({ WORKER_PLAIN_PROTOCOL: 'true' });
    const session = await market.session(0);
    const capabilities = payloadOf(await session.op('register')).capabilities;
    expect(capabilities).not.toHaveProperty('operations');
    expect(capabilities).not.toHaveProperty('limits');
    session.ask('chat.completions', { model: 'demo-small', filler: 'x'.repeat(1024 ** 2) });
    expect(await session.closed).toMatchObject({ code: 1009 });
  });
});

describe('refusals', () => {
  it.each([401, 403])(
    'prints the reason of a %i and what to do, and tries again',
    async (status) => {
      const market = await ScriptedMarket.start();
      closers.push(() => market.close());
      const error = { code: 'registration_rejected', message: 'registration rejected' };
      market.refusal = { status, body: JSON.stringify({ error }) };
      const worker = await workUnder(market.url);
      closers.push(worker.stop);
      const line = await worker.line(`market refused the connection with HTTP ${status}`);
      expect(line).toMatchObject({
        reason: 'registration_rejected: registration rejected',
        next: expect.stringContaining('registration token'),
      });
      expect(line.retry_ms).toBeGreaterThanOrEqual(25);
      await market.refusals(2);
      market.refusal = undefined;
      await market.session(0);
    },
  );

  it('waits as long as a 429 says', async () => {
    const market = await ScriptedMarket.start();
    closers.push(() => market.close());
    market.refusal = { status: 429, body: 'slow down', headers: { 'retry-after': '7' } };
    const worker = await workUnder(market.url);
    closers.push(worker.stop);
    const line = await worker.line('market refused the connection with HTTP 429');
    expect(line).toMatchObject({ reason: 'slow down', retry_ms: 7000 });
  });

  it('prints a rejection that comes as a frame', async () => {
    const { market, worker } = await start({}, { accepts: false });
    const session = await market.session(0);
    session.send({
      event: 'registered',
      status: 'error',
      accepted: false,
      error: { code: 'registration_rejected', message: 'registration rejected' },
    });
    const line = await worker.line('market rejected the registration');
    expect(line.reason).toBe('registration_rejected: registration rejected');
    await market.session(1);
  });

  it('says that the market cannot be reached, and goes on trying', async () => {
    const market = await ScriptedMarket.start();
    const { port, url } = market;
    await market.close();
    const worker = await workUnder(url);
    closers.push(worker.stop);
    const line = await worker.line('market cannot be reached');
    expect(line.reason).toContain('ECONNREFUSED');
    const later = await ScriptedMarket.start({}, port);
    closers.push(() => later.close());
    await later.session(0);
  });
});

describe('a living session', () => {
  it('answers heartbeats and sends its own', async () => {
    const { market } = await start({ WORKER_HEARTBEAT_EVERY_MS: '20' });
    const session = await market.session(0);
    await session.op('heartbeat');
    session.send({ op: 'heartbeat', request_id: 'hb-1', payload: {} });
    const answer = await session.frame(({ request_id }) => request_id === 'hb-1');
    expect(answer).toMatchObject({
      event: 'heartbeat',
      status: 'ok',
      payload: { uptime: expect.any(Number), hardware: { available_vram_mb: 0 } },
    });
    expect(answer).not.toHaveProperty('op');
    const beats = () => session.frames.filter(({ op }) => op === 'heartbeat').length;
    await session.frame(() => beats() >= 3);
  });

  it('connects again when the market falls silent', async () => {
    const settings = { WORKER_PING_EVERY_MS: '20', WORKER_SILENCE_MS_MAX: '60' };
    const { market, worker } = await start(settings, { autoPong: false });
    await worker.line('connection fell silent');
    await market.session(1);
  });

  it('connects again when the connection is lost, and stops what it did for it', async () => {
    const gone = Promise.withResolvers<void>();
    const upstream = await startUpstream((_request, response) => {
      response.on('close', () => gone.resolve());
    });
    closers.push(upstream.close);
    const { market } = await start({ WORKER_UPSTREAM_URL: upstream.url });
    const first = await market.session(0);
    await first.op('heartbeat');
    const id = first.ask('chat.completions', { model: 'm', messages: [] });
    await first.frame(({ event, request_id }) => event === 'pending' && request_id === id);
    first.socket.terminate();
    await gone.promise;
    const second = await market.session(1);
    await second.op('register');
    expect(second.of(id)).toEqual([]);
  });

  it.each([
    [4001, 'client id'],
    [4003, 'disabled'],
  ])('says what a close with %i means', async (code, advice) => {
    const { market, worker } = await start();
    const session = await market.session(0);
    await session.op('heartbeat');
    session.socket.close(code, 'because');
    const line = await worker.line('connection closed');
    expect(line).toMatchObject({
      reason: `${code} because`,
      next: expect.stringContaining(advice),
    });
    expect(line.retry_ms).toBeGreaterThanOrEqual(25);
  });

  it('outlives frames that make no sense', async () => {
    const { market } = await start();
    const session = await market.session(0);
    await session.op('heartbeat');
    for (const junk of ['', 'null', '[]', '{"op":7}', '{"op":"proxy"}', '{"status":"?"}', '{']) {
      session.socket.send(junk);
    }
    session.socket.send(Buffer.from([0, 255]));
    session.send({ op: 'chat.completions', request_id: 'x', payload: 'text' });
    session.send({ op: 'cancel', request_id: 'unknown' });
    session.send({ status: 'error', request_id: 'hb', error: 'no' });
    const id = session.ask('capabilities');
    expect(payloadOf(await session.end(id))).toMatchObject({ status_code: 200 });
    expect(market.sessions).toHaveLength(1);
  });
});

describe('models', () => {
  it('registers again when the upstream changes its models, goes away or comes back', async () => {
    const settings = { WORKER_MODELS_POLL_MS: '20' };
    const first = await startUpstream(() => {}, ['a']);
    const { market, worker } = await start({ ...settings, WORKER_UPSTREAM_URL: first.url });
    const session = await market.session(0);
    const registers = () => session.frames.filter(({ op }) => op === 'register').length;
    const names = async (): Promise<readonly string[]> => {
      const list = payloadOf(await session.end(session.ask('models.list')));
      return JSON.parse(String(list.body)).data.map(({ id }: { id: string }) => id);
    };
    await session.op('heartbeat');
    expect(await names()).toEqual(['a']);
    await first.close();
    await session.frame(() => registers() === 2);
    expect(await names()).toEqual([]);
    await worker.line('upstream does not answer: nothing is offered');
    const second = await startUpstream(() => {}, ['a', 'b'], first.port);
    closers.push(second.close);
    await session.frame(() => registers() === 3);
    expect(await names()).toEqual(['a', 'b']);
    expect(market.sessions).toHaveLength(1);
  });

  it('offers and serves only what the seller allows', async () => {
    const { market } = await start({ WORKER_MODELS: 'demo-large' });
    const session = await market.session(0);
    await session.op('heartbeat');
    const list = payloadOf(await session.end(session.ask('models.list')));
    expect(JSON.parse(String(list.body)).data).toMatchObject([{ id: 'demo-large' }]);
    const body = { model: 'demo-small', messages: [{ role: 'user', content: 'x' }] };
    const refused = { status: 'error', error: { code: 'model_not_found' } };
    expect(await session.end(session.ask('chat.completions', body))).toMatchObject(refused);
    const proxied = { endpoint_path: 'v1/chat/completions', method: 'POST', body };
    expect(await session.end(session.ask('proxy', proxied))).toMatchObject(refused);
  });
});
