import { afterEach, describe, expect, it } from '@jest/globals';
import { type Frame, payloadOf, ScriptedMarket } from './scripted-market.js';
import { startUpstream } from './scripted-upstream.js';
import { workUnder } from './worker-under-test.js';

const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function start(registered: Frame, settings: Readonly<Record<string, string>> = {}) {
  const market = await ScriptedMarket.start({ registered });
  closers.push(() => market.close());
  const worker = await workUnder(market.url, { WORKER_DRAIN_GRACE_MS: '30000', ...settings });
  closers.push(worker.stop);
  const session = await market.session(0);
  await session.op('heartbeat');
  return { market, worker, session };
}

const farewell = { op: 'drain', request_id: 'bye', payload: { grace_ms: 20_000 } };

function chat(tokens: number): Frame {
  const messages = [{ role: 'user', content: 'x' }];
  return { model: 'demo-small', stream: true, min_tokens: tokens, messages };
}

describe('drain', () => {
  it('connects anew at once, and finishes on the old connection what runs there', async () => {
    const { market, session: old } = await start({ extensions: ['drain'] });
    const id = old.ask('chat.completions', chat(400));
    await old.frame(({ event }) => event === 'chunk');
    old.send(farewell);
    const fresh = await market.session(1);
    await fresh.op('register');
    expect(old.of(id).some(({ event }) => event === 'done')).toBe(false);
    const other = fresh.ask('chat.completions', chat(1), 'on-the-new-one');
    expect(await fresh.end(other)).toMatchObject({ event: 'done' });
    expect(await old.end(old.ask('chat.completions', chat(1)))).toMatchObject({
      error: { code: 'worker_draining' },
    });
    expect(await old.end(id)).toMatchObject({ event: 'done' });
    expect(old.text(id)).toMatch(/\[DONE\]\n\n$/);
    expect(await old.closed).toMatchObject({ code: 1000 });
    expect(fresh.of(id)).toEqual([]);
    expect(market.sessions).toHaveLength(2);
  });

  it('serves no more at once on two connections than on one', async () => {
    const { market, session: old } = await start(
      { extensions: { drain: true } },
      { WORKER_CONCURRENCY: '1' },
    );
    const id = old.ask('chat.completions', chat(400));
    await old.frame(({ event }) => event === 'chunk');
    old.send(farewell);
    const fresh = await market.session(1);
    await fresh.op('heartbeat');
    expect(await fresh.end(fresh.ask('chat.completions', chat(1), 'n'))).toMatchObject({
      error: { code: 'server_busy' },
    });
    await old.end(id);
    expect(await fresh.end(fresh.ask('chat.completions', chat(1), 'm'))).toMatchObject({
      event: 'done',
    });
  });

  it('loses only what runs there when the old connection breaks', async () => {
    const { market, session: old } = await start({ extensions: ['drain'] });
    old.ask('chat.completions', chat(8000));
    await old.frame(({ event }) => event === 'chunk');
    old.send(farewell);
    const fresh = await market.session(1);
    await fresh.op('heartbeat');
    old.socket.close(4001, 'superseded');
    const end = await fresh.end(fresh.ask('chat.completions', chat(1), 'n'));
    expect(end).toMatchObject({ event: 'done' });
    expect(market.sessions).toHaveLength(2);
  });

  it('does not spin with a market that does nothing but move', async () => {
    const { market, session } = await start(
      { extensions: ['drain'] },
      { WORKER_RECONNECT_MS_MIN: '400' },
    );
    const startedAtMs = performance.now();
    session.send(farewell);
    for (let n = 1; n < 8; n += 1) {
      const next = await market.session(n);
      await next.op('register');
      next.send(farewell);
    }
    // Seven moves, six of them after a pause of 200 ms on average.
    expect(performance.now() - startedAtMs).toBeGreaterThan(100);
  });

  it.each([
    ['was not offered', {}, {}],
    ['is not spoken', { extensions: ['drain', 'cancel'] }, { WORKER_PLAIN_PROTOCOL: 'true' }],
  ])('is an unknown operation where it %s', async (_why, registered, settings) => {
    const { market, session } = await start(registered, settings);
    session.send(farewell);
    expect(await session.end('bye')).toMatchObject({ error: { code: 'unsupported_operation' } });
    expect(market.sessions).toHaveLength(1);
  });
});

describe('cancel', () => {
  it('is an unknown operation in the plain protocol, and stops nothing', async () => {
    const { session } = await start({ extensions: ['cancel'] }, { WORKER_PLAIN_PROTOCOL: 'true' });
    const id = session.ask('chat.completions', chat(50));
    await session.frame(({ event }) => event === 'chunk');
    session.send({ op: 'cancel', request_id: 'other' });
    expect(await session.end('other')).toMatchObject({ error: { code: 'unsupported_operation' } });
    expect(await session.end(id)).toMatchObject({ event: 'done' });
  });
});

describe('limits', () => {
  const large = JSON.stringify({ text: 'x'.repeat(200_000) });

  async function withLargeAnswers(registered: Frame) {
    const upstream = await startUpstream((_request, response) => {
      response.setHeader('content-type', 'application/json');
      response.end(large);
    });
    closers.push(upstream.close);
    return start(registered, { WORKER_UPSTREAM_URL: upstream.url });
  }

  it('of the broker are kept', async () => {
    const { session } = await withLargeAnswers({ limits: { max_frame_bytes: 100_000 } });
    const end = await session.end(session.ask('chat.completions', { model: 'm' }));
    expect(end).toMatchObject({ error: { code: 'answer_too_large' } });
  });

  it('are learnt from a broker that closes over one', async () => {
    const { market, worker, session } = await withLargeAnswers({});
    const end = await session.end(session.ask('chat.completions', { model: 'm' }));
    expect(payloadOf(end).body).toBe(large);
    session.socket.close(1009, 'too large');
    const line = await worker.line('connection closed');
    expect(line).toMatchObject({ next: expect.stringContaining('smaller') });
    const fresh = await market.session(1);
    await fresh.op('heartbeat');
    expect(await fresh.end(fresh.ask('chat.completions', { model: 'm' }))).toMatchObject({
      error: { code: 'answer_too_large' },
    });
    expect(market.sessions).toHaveLength(2);
  });

  it('are told, and so are the operations, except in the plain protocol', async () => {
    const { session } = await start({});
    expect(payloadOf(await session.op('register')).capabilities).toMatchObject({
      operations: ['models.list', 'capabilities', 'chat.completions', 'proxy', 'cancel', 'drain'],
      limits: { max_frame_bytes: 64 * 1024 ** 2, concurrency: 4 },
    });
  });
});
