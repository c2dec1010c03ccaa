import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from '@jest/globals';
import { type Frame, type MarketSession, payloadOf, ScriptedMarket } from './scripted-market.js';
import { type Handler, type ScriptedUpstream, startUpstream } from './scripted-upstream.js';
import { type WorkerUnderTest, workUnder } from './worker-under-test.js';

const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

type Scene = Readonly<{ session: MarketSession; worker: WorkerUnderTest }>;

async function onMarket(settings: Readonly<Record<string, string>> = {}): Promise<Scene> {
  const market = await ScriptedMarket.start();
  closers.push(() => market.close());
  const worker = await workUnder(market.url, settings);
  closers.push(worker.stop);
  const session = await market.session(0);
  await session.op('heartbeat');
  return { session, worker };
}

async function withUpstream(
  handler: Handler,
  settings: Readonly<Record<string, string>> = {},
): Promise<Scene & { upstream: ScriptedUpstream }> {
  const upstream = await startUpstream(handler);
  closers.push(upstream.close);
  return { upstream, ...(await onMarket({ WORKER_UPSTREAM_URL: upstream.url, ...settings })) };
}

const chat = { model: 'm', messages: [{ role: 'user', content: 'hello' }] };
const demoChat = { ...chat, model: 'demo-small' };

describe('chat.completions', () => {
  it('answers whole, in an HTTP envelope', async () => {
    const { session } = await onMarket();
    const end = await session.end(session.ask('chat.completions', demoChat));
    expect(end).toMatchObject({
      status: 'ok',
      payload: { status_code: 200, content_type: 'application/json' },
      metrics: { elapsed_ms: expect.any(Number) },
    });
    const completion = JSON.parse(String(payloadOf(end).body));
    expect(completion.choices[0].message.content).toContain('“hello”');
  });

  it('streams numbered pieces and ends once', async () => {
    const { session } = await onMarket();
    const body = { ...demoChat, stream: true, stream_options: { include_usage: true } };
    const id = session.ask('chat.completions', body);
    await session.end(id);
    const frames = session.of(id);
    const pieces = frames.filter(({ event }) => event === 'chunk');
    expect(pieces.length).toBeGreaterThan(10);
    expect(pieces.map((frame) => payloadOf(frame).sequence)).toEqual([...pieces.keys()]);
    expect(frames.at(-1)).toMatchObject({ event: 'done' });
    expect(session.text(id)).toMatch(/"usage":\{[^}]+\}\}\n\ndata: \[DONE\]\n\n$/);
  });

  it('passes the body on byte for byte', async () => {
    let seen = '';
    const { session, upstream } = await withUpstream((_request, response, body) => {
      seen = body.toString();
      response.setHeader('content-type', 'application/json');
      response.end('{}');
    });
    const payload =
      '{ "model":"m", "seed": 18446744073709551615, "temperature": 1.0, "x_new": {} }';
    session.socket.send(`{"v":1,"op":"chat.completions","request_id":"r","payload":${payload}}`);
    await session.end('r');
    expect(seen).toBe(payload);
    expect(upstream.requests.at(-1)?.headers).toMatchObject({ 'x-request-id': 'r' });
  });

  it('never breaks a character that comes in two reads', async () => {
    const bytes = Buffer.from('data: {"t":"日本🚀"}\n\n');
    const { session } = await withUpstream(async (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const byte of bytes) {
        response.write(Buffer.from([byte]));
        await new Promise((resolve) => setImmediate(resolve));
      }
      response.end();
    });
    const id = session.ask('chat.completions', { ...chat, stream: true });
    await session.end(id);
    expect(session.text(id)).toBe(bytes.toString());
  });

  it('says that it is pending until it can say more', async () => {
    const release = Promise.withResolvers<void>();
    const { session } = await withUpstream(
      async (_request, response) => {
        await release.promise;
        response.setHeader('content-type', 'application/json');
        response.end('{}');
      },
      { WORKER_PENDING_AFTER_MS: '10', WORKER_PENDING_EVERY_MS: '20' },
    );
    const id = session.ask('chat.completions', chat);
    await session.frame(() => session.of(id).length >= 3);
    release.resolve();
    await session.end(id);
    expect(session.of(id).slice(0, 3)).toEqual(
      Array.from({ length: 3 }, () => expect.objectContaining({ event: 'pending' })),
    );
  });

  it('says so at once in the plain protocol', async () => {
    const { session } = await onMarket({ WORKER_PLAIN_PROTOCOL: 'true' });
    const id = session.ask('chat.completions', demoChat);
    await session.end(id);
    expect(session.of(id)[0]).toMatchObject({ event: 'pending', status: 'pending' });
  });
});

describe("the engine's failures", () => {
  const failing: Handler = (_request, response) => {
    response.writeHead(429, {
      'content-type': 'application/json',
      'retry-after': '3',
      server: 'x',
    });
    response.end('{"error":{"message":"slow down","code":"rate_limit_exceeded"}}');
  };

  it.each([false, true])('keep their status and body (stream: %p)', async (stream) => {
    const { session } = await withUpstream(failing);
    const end = await session.end(session.ask('chat.completions', { ...chat, stream }));
    expect(end).toMatchObject({
      status: 'ok',
      payload: {
        status_code: 429,
        body: expect.stringContaining('slow down'),
        headers: { 'retry-after': '3' },
      },
    });
    expect(payloadOf(end).headers).not.toHaveProperty('server');
  });

  it('come as the only piece of a stream in the plain protocol', async () => {
    const { session } = await withUpstream(failing, { WORKER_PLAIN_PROTOCOL: 'true' });
    const id = session.ask('chat.completions', { ...chat, stream: true });
    expect(await session.end(id)).toMatchObject({ event: 'done' });
    expect(JSON.parse(session.text(id))).toMatchObject({ error: { message: 'slow down' } });
  });

  it('do not show the key of the seller, nor make a buyer think it is his', async () => {
    const key = 'sk-very-secret';
    const { session, upstream, worker } = await withUpstream(
      (request, response) => {
        const status = request.url?.includes('chat') ? 401 : 400;
        response.writeHead(status, { 'content-type': 'application/json' });
        response.end(
          JSON.stringify({ error: { message: `no: ${request.headers.authorization}` } }),
        );
      },
      { WORKER_UPSTREAM_API_KEY: key },
    );
    const refused = await session.end(session.ask('chat.completions', chat));
    expect(refused).toMatchObject({
      error: { code: 'upstream_refuses_worker', details: { status_code: 502 } },
    });
    const proxied = { endpoint_path: 'v1/embeddings', method: 'POST', body: { model: 'm' } };
    const invalid = await session.end(session.ask('proxy', proxied));
    expect(payloadOf(invalid)).toMatchObject({ status_code: 400 });
    expect(upstream.requests.at(-1)?.headers.authorization).toBe(`Bearer ${key}`);
    expect(JSON.stringify(session.frames)).not.toContain(key);
    expect(JSON.stringify(worker.lines)).not.toContain(key);
  });

  it('end a stream that breaks off with an error', async () => {
    const { session } = await withUpstream((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: 1\n\n', () => response.destroy());
    });
    const id = session.ask('chat.completions', { ...chat, stream: true });
    expect(await session.end(id)).toMatchObject({
      status: 'error',
      error: { code: 'stream_error' },
    });
    expect(session.of(id).some(({ event }) => event === 'done')).toBe(false);
  });

  it('are told where the engine is gone or silent', async () => {
    const { session, upstream } = await withUpstream(() => {}, {
      WORKER_UPSTREAM_HEADERS_MS_MAX: '100',
    });
    expect(await session.end(session.ask('chat.completions', chat))).toMatchObject({
      error: { code: 'upstream_timeout', details: { status_code: 504 } },
    });
    await upstream.close();
    expect(await session.end(session.ask('chat.completions', chat))).toMatchObject({
      error: { code: 'upstream_unavailable', details: { status_code: 502 } },
    });
  });

  it.each([
    ['as it is', 100_000, 'x'],
    ['as a message', 15_000, '"'],
  ])('include an answer that is too large %s', async (_how, length, letter) => {
    const { session } = await withUpstream(
      (_request, response) => {
        response.setHeader('content-type', 'application/json');
        response.end(letter.repeat(length));
      },
      { WORKER_SENT_FRAME_BYTES_MAX: '20000' },
    );
    const end = await session.end(session.ask('chat.completions', chat));
    expect(end).toMatchObject({ error: { code: 'answer_too_large' } });
  });
});

describe('cancel', () => {
  it('stops the engine and frees the place', async () => {
    const gone = Promise.withResolvers<void>();
    const { session } = await withUpstream(
      (_request, response) => {
        response.on('close', () => gone.resolve());
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write('data: 1\n\n');
      },
      { WORKER_CONCURRENCY: '1' },
    );
    const id = session.ask('chat.completions', { ...chat, stream: true });
    await session.frame(({ event, request_id }) => event === 'chunk' && request_id === id);
    session.send({ op: 'cancel', request_id: id });
    await gone.promise;
    expect(await session.end(id)).toMatchObject({ error: { code: 'cancelled' } });
    const next = session.ask('chat.completions', { ...chat, stream: true });
    await session.frame(({ event, request_id }) => event === 'chunk' && request_id === next);
  });
});

describe('limits', () => {
  it('serves no more at once than it says, and looks into memory all the same', async () => {
    const { session } = await withUpstream(() => {}, { WORKER_CONCURRENCY: '2' });
    session.ask('chat.completions', chat, 'a');
    session.ask('chat.completions', chat, 'b');
    session.ask('chat.completions', chat, 'b');
    session.ask('chat.completions', chat, 'c');
    expect(await session.end('c')).toMatchObject({
      error: { code: 'server_busy', message: 'Server busy', details: { status_code: 503 } },
    });
    expect(await session.end('b')).toMatchObject({ error: { code: 'duplicate_request' } });
    expect(await session.end(session.ask('models.list'))).toMatchObject({ status: 'ok' });
    expect(await session.end(session.ask('fly'))).toMatchObject({
      error: { code: 'unsupported_operation' },
    });
  });

  it('reads no further while the market does not take what was read', async () => {
    const total = 64 * 1024 ** 2;
    let written = 0;
    const { session } = await withUpstream(
      async (_request, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        const block = Buffer.alloc(64 * 1024, 'x');
        while (written < total && !response.destroyed) {
          written += block.length;
          if (!response.write(block)) await once(response, 'drain');
        }
        response.end();
      },
      { WORKER_BUFFERED_BYTES_MAX: '65536' },
    );
    session.socket.pause();
    const id = session.ask('chat.completions', { ...chat, stream: true });
    const standstill = await stillness(() => written);
    expect(standstill).toBeLessThan(total / 2);
    session.socket.resume();
    await session.end(id);
    expect(session.text(id)).toHaveLength(total);
  }, 60_000);
});

/** The figure once it has not changed in 20 looks, 20 ms apart: nothing tells that nothing happens. */
async function stillness(figure: () => number): Promise<number> {
  for (let last = -1, same = 0; same < 20; ) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    same = figure() === last && last > 0 ? same + 1 : 0;
    last = figure();
  }
  return figure();
}

describe('proxy', () => {
  const echo: Handler = (request, response, body) => {
    response.setHeader('content-type', 'application/json');
    const { method, url, headers } = request;
    response.end(JSON.stringify({ method, url, headers, body: body.toString('latin1') }));
  };
  const bodyOf = (frame: Frame) => JSON.parse(String(payloadOf(frame).body));

  it('passes JSON, bytes and forms on, with the headers that may pass', async () => {
    const { session } = await withUpstream(echo);
    const json = await session.end(
      session.ask('proxy', {
        endpoint_path: 'v1/embeddings',
        method: 'POST',
        query_params: { q: 'a b' },
        headers: { Accept: 'x/y', Authorization: 'Bearer buyer', Cookie: 'c', 'X-Request-Id': '7' },
        body: { model: 'm', input: 'é' },
      }),
    );
    expect(bodyOf(json)).toMatchObject({
      method: 'POST',
      url: '/v1/embeddings?q=a+b',
      headers: { accept: 'x/y', 'content-type': 'application/json', 'x-request-id': '7' },
    });
    expect(bodyOf(json).headers).not.toHaveProperty('authorization');
    expect(bodyOf(json).headers).not.toHaveProperty('cookie');

    const bytes = await session.end(
      session.ask('proxy', {
        endpoint_path: '/v1/audio/transcriptions',
        content_type: 'audio/wav',
        body_base64: Buffer.from([0, 255, 7]).toString('base64'),
      }),
    );
    expect(bodyOf(bytes)).toMatchObject({
      headers: { 'content-type': 'audio/wav' },
      body: '\x00\xff\x07',
    });

    const file = {
      name: 'file',
      filename: 'a.wav',
      content_type: 'audio/wav',
      data_base64: 'AAE=',
    };
    const form = await session.end(
      session.ask('proxy', {
        endpoint_path: 'v1/audio/transcriptions',
        method: 'POST',
        content_type: 'multipart/form-data',
        multipart: { fields: [{ name: 'model', value: 'm' }], files: [file] },
      }),
    );
    expect(bodyOf(form).headers['content-type']).toMatch(/^multipart\/form-data; boundary=/);
    expect(bodyOf(form).body).toMatch(/name="model"\r\n\r\nm\r\n/);
    expect(bodyOf(form).body).toContain(
      'filename="a.wav"\r\nContent-Type: audio/wav\r\n\r\n\x00\x01',
    );
  });

  it('sends bytes whole and as a stream', async () => {
    const bytes = Buffer.from(Array.from({ length: 200_000 }, (_, index) => index % 251));
    const { session } = await withUpstream((_request, response) => {
      response.writeHead(200, { 'content-type': 'audio/mpeg' }).end(bytes);
    });
    const request = { endpoint_path: 'v1/audio/speech', method: 'POST', body: { model: 'm' } };
    const whole = payloadOf(await session.end(session.ask('proxy', request)));
    expect(whole).toMatchObject({ status_code: 200, content_type: 'audio/mpeg' });
    expect(hash(Buffer.from(String(whole.body_base64), 'base64'))).toBe(hash(bytes));

    const id = session.ask('proxy', { ...request, stream: true });
    await session.end(id);
    const pieces = session.of(id).filter(({ event }) => event === 'chunk');
    const parts = pieces.map(({ payload }) => {
      const { chunk } = payload as { chunk: { data_base64: string } };
      return Buffer.from(chunk.data_base64, 'base64');
    });
    expect(hash(Buffer.concat(parts))).toBe(hash(bytes));
  });

  it('answers a model list, and refuses what is none of a buyer’s business', async () => {
    const { session, upstream } = await withUpstream(echo);
    const list = { endpoint_path: 'v1/models', method: 'GET' };
    expect(bodyOf(await session.end(session.ask('proxy', list))).data).toHaveLength(1);
    const asked = upstream.requests.length;
    const forbidden = [
      'admin',
      'v1/files',
      'v1/../admin',
      'v1/models/%2e%2e/x',
      'http://x/v1/models',
    ];
    for (const path of forbidden) {
      const end = await session.end(session.ask('proxy', { endpoint_path: path, method: 'GET' }));
      expect(end).toMatchObject({ error: { code: 'unsupported_endpoint' } });
    }
    const removal = { endpoint_path: 'v1/models/m', method: 'DELETE' };
    expect(await session.end(session.ask('proxy', removal))).toMatchObject({
      error: { code: 'unsupported_endpoint' },
    });
    const header = { endpoint_path: 'v1/embeddings', content_type: 'a\r\nb: c', body: {} };
    expect(await session.end(session.ask('proxy', header))).toMatchObject({
      error: { code: 'invalid_request' },
    });
    const both = { endpoint_path: 'v1/embeddings', body: {}, body_base64: '' };
    expect(await session.end(session.ask('proxy', both))).toMatchObject({
      error: { code: 'invalid_request' },
    });
    expect(upstream.requests).toHaveLength(asked);
  });
});

function hash(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
