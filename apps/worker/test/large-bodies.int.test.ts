import { once } from 'node:events';
import { afterEach, describe, expect, it } from '@jest/globals';
import {
  bytesOf,
  type Frame,
  type MarketSession,
  payloadOf,
  ScriptedMarket,
} from './scripted-market.js';
import { type Handler, startUpstream } from './scripted-upstream.js';
import { workUnder } from './worker-under-test.js';

const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const windowBytes = 200_000;
const offered = {
  extensions: ['binary-frames', 'stream-window'],
  limits: { stream_window_bytes: windowBytes },
};

async function start(
  handler: Handler,
  settings: Readonly<Record<string, string>> = {},
  registered: Frame = offered,
) {
  const upstream = await startUpstream(handler);
  closers.push(upstream.close);
  const market = await ScriptedMarket.start({ registered });
  closers.push(() => market.close());
  const worker = await workUnder(market.url, { WORKER_UPSTREAM_URL: upstream.url, ...settings });
  closers.push(worker.stop);
  const session = await market.session(0);
  await session.op('heartbeat');
  return { session, worker, upstream };
}

const body = Buffer.alloc(3_000_000, 'some bytes \u0000\u00ff', 'latin1');
const give =
  (bytes: Buffer, headers: Readonly<Record<string, string>> = {}): Handler =>
  (_request, response) => {
    response.writeHead(200, { 'content-type': 'image/png', ...headers }).end(bytes);
  };
const json =
  (text: string): Handler =>
  (_request, response) => {
    const written = JSON.stringify({ text });
    response.writeHead(200, { 'content-type': 'application/json' }).end(written);
  };
const proxy = { endpoint_path: 'v1/images/generations', method: 'POST', body: { model: 'm' } };

const pieces = (session: MarketSession, id: string) =>
  session.of(id).filter(({ event }) => event === 'chunk');
const received = (session: MarketSession, id: string) =>
  Buffer.concat(pieces(session, id).flatMap(bytesOf));

/** Tells how much was read, as often as something comes, as a broker with a fast reader does. */
async function readAll(session: MarketSession, id: string): Promise<Frame> {
  const tell = () => {
    const payload = { read_bytes: received(session, id).length };
    session.send({ op: 'window', request_id: id, payload });
  };
  session.socket.on('message', tell);
  tell();
  return session.end(id);
}

/** All pieces that come while nothing is read. */
async function untilClosed(session: MarketSession, id: string): Promise<number> {
  const count = () => received(session, id).length;
  await session.frame(() => count() >= windowBytes);
  // An answer that is asked for later comes after every piece that was still on its way.
  await session.end(session.ask('models.list'));
  return count();
}

describe('a large answer', () => {
  it('comes in pieces that nobody has to hold, with its head beside the first', async () => {
    const headers = { 'content-disposition': 'inline; filename="a.png"' };
    const { session } = await start(
      give(body, { ...headers, 'content-length': String(body.length) }),
    );
    const id = session.ask('proxy', proxy);
    expect(await readAll(session, id)).toMatchObject({ event: 'done' });
    const [first, second] = pieces(session, id);
    expect(first).toMatchObject({
      attachments: [expect.any(Number)],
      payload: {
        status_code: 200,
        content_type: 'image/png',
        content_length: body.length,
        filename: 'a.png',
        chunk: { data_attachment: 0 },
        sequence: 0,
      },
    });
    expect(payloadOf(second ?? {})).toEqual({ chunk: { data_attachment: 0 }, sequence: 1 });
    expect(received(session, id).equals(body)).toBe(true);
  });

  it('is whole where it is small, and nothing but its bytes is different', async () => {
    const { session } = await start(give(body.subarray(0, 1_000)));
    const end = await session.end(session.ask('proxy', proxy));
    expect(payloadOf(end)).toEqual({
      status_code: 200,
      content_type: 'image/png',
      headers: { 'content-type': 'image/png' },
      body_attachment: 0,
    });
    expect(bytesOf(end)).toEqual([body.subarray(0, 1_000)]);
  });

  it('never ends well where its engine breaks off', async () => {
    const { session } = await start((_request, response) => {
      response.writeHead(200, { 'content-type': 'image/png', 'content-length': body.length });
      response.write(body.subarray(0, 2_000_000), () => response.destroy());
    });
    const end = await readAll(session, session.ask('proxy', proxy));
    expect(end).toMatchObject({ status: 'error', error: { code: 'stream_error' } });
  });

  it('comes so too where it is a text, which would have to be escaped inside of JSON', async () => {
    const { session } = await start(json('é'.repeat(1_000_000)));
    const id = session.ask('proxy', proxy);
    expect(await readAll(session, id)).toMatchObject({ event: 'done' });
    const [first] = pieces(session, id);
    expect(first).toMatchObject({
      payload: { status_code: 200, content_type: 'application/json', sequence: 0 },
    });
    expect(JSON.parse(received(session, id).toString())).toEqual({ text: 'é'.repeat(1_000_000) });
  });

  it('is a text beside its head where that is long, and in it where it is short', async () => {
    const { session } = await start(json('é'.repeat(10_000)));
    const end = await session.end(session.ask('proxy', proxy));
    expect(payloadOf(end)).toMatchObject({ content_type: 'application/json', body_attachment: 0 });
    expect(JSON.parse(String(bytesOf(end)[0]))).toEqual({ text: 'é'.repeat(10_000) });
    const short = await start(json('é'));
    const { body: text } = payloadOf(await short.session.end(short.session.ask('proxy', proxy)));
    expect(text).toBe('{"text":"é"}');
  });

  it.each([
    ['the market offers nothing', {}, {}],
    ['the plain protocol is spoken', { WORKER_PLAIN_PROTOCOL: 'true' }, offered],
  ])('is base64 in one message where %s', async (_why, settings, registered) => {
    const { session } = await start(give(body), settings, registered);
    const end = await session.end(session.ask('proxy', proxy));
    expect(payloadOf(end).body_base64).toBe(body.toString('base64'));
    expect(bytesOf(end)).toEqual([]);
  });
});

describe('a stream', () => {
  const endless: Handler = async (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.once('close', () => response.emit('drain'));
    while (!response.destroyed) {
      const block = `data: "${'é'.repeat(5_000)}"\n\n`;
      if (!response.write(block)) await once(response, 'drain');
    }
  };
  const chat = { model: 'm', stream: true };
  const bytes = (session: MarketSession, id: string) => Buffer.byteLength(session.text(id));

  it('waits for its reader, by whatever figures it is told of', async () => {
    const { session } = await start(give(body));
    const id = session.ask('proxy', { ...proxy, stream: true });
    const stopped = await untilClosed(session, id);
    expect(stopped).toBeLessThan(windowBytes + 70_000);
    const tell = (readBytes: number) =>
      session.send({ op: 'window', request_id: id, payload: { read_bytes: readBytes } });
    tell(100_000);
    await session.frame(() => received(session, id).length >= 300_000);
    for (const late of [100_000, 0, 50_000]) tell(late);
    await session.end(session.ask('models.list'));
    expect(received(session, id).length).toBeLessThan(300_000 + 70_000);
    expect(await readAll(session, id)).toMatchObject({ event: 'done' });
    expect(received(session, id).equals(body)).toBe(true);
  });

  it('of text waits as well, and stops its engine when it is cancelled there', async () => {
    const { session, upstream } = await start(endless, { WORKER_CONCURRENCY: '1' });
    const id = session.ask('chat.completions', chat);
    await session.frame(() => bytes(session, id) >= windowBytes);
    await session.end(session.ask('models.list'));
    expect(bytes(session, id)).toBeLessThan(windowBytes + 70_000);
    const request = upstream.requests.at(-1);
    session.send({ op: 'cancel', request_id: id });
    expect(await session.end(id)).toMatchObject({ error: { code: 'cancelled' } });
    if (request && !request.socket.destroyed) await once(request.socket, 'close');
    const next = session.ask('chat.completions', chat);
    await session.frame(() => bytes(session, next) > 0);
  });

  it('waits for no reader for ever', async () => {
    const { session, worker } = await start(endless, { WORKER_WINDOW_WAIT_MS_MAX: '50' });
    const end = await session.end(session.ask('chat.completions', chat));
    expect(end).toMatchObject({ error: { code: 'stream_error', details: { status_code: 504 } } });
    await worker.line('market did not read an answer');
  });

  it('waits for nobody where the market tells nothing of its readers', async () => {
    const { session } = await start(give(body), {}, { extensions: ['binary-frames'] });
    const id = session.ask('proxy', proxy);
    expect(await session.end(id)).toMatchObject({ event: 'done' });
    session.send({ op: 'window', request_id: 'w', payload: { read_bytes: 1 } });
    expect(await session.end('w')).toMatchObject({ error: { code: 'unsupported_operation' } });
  });
});

describe('an upload', () => {
  const echo: Handler = (request, response, bytes) => {
    const type = String(request.headers['content-type']);
    const text = JSON.stringify({ type, bytes: bytes.toString('latin1') });
    response.writeHead(200, { 'content-type': 'application/json' }).end(text);
  };
  const seen = (frame: Frame) =>
    JSON.parse(String(bytesOf(frame)[0])) as { type: string; bytes: string };
  const upload = { endpoint_path: 'v1/audio/transcriptions', method: 'POST' };
  const some = body.subarray(0, 70_000);

  it('arrives as it was, beside its request', async () => {
    const { session } = await start(echo);
    const payload = { ...upload, content_type: 'audio/wav', body_attachment: 1 };
    const frame = { op: 'proxy', request_id: 'u', payload };
    session.sendBinary(frame, Buffer.from('another'), some);
    expect(seen(await session.end('u'))).toEqual({
      type: 'audio/wav',
      bytes: some.toString('latin1'),
    });
  });

  it('arrives as the files of a form', async () => {
    const { session } = await start(echo);
    const file = { name: 'file', filename: 'a.wav', content_type: 'audio/wav', data_attachment: 0 };
    const multipart = { fields: [{ name: 'model', value: 'm' }], files: [file] };
    session.sendBinary({ op: 'proxy', request_id: 'u', payload: { ...upload, multipart } }, some);
    const { type, bytes } = seen(await session.end('u'));
    expect(type).toMatch(/^multipart\/form-data; boundary=/);
    expect(bytes).toContain(some.toString('latin1'));
  });

  it.each([
    ['is not there', { body_attachment: 1 }],
    ['has no number', { body_attachment: '0' }],
    ['comes twice', { body_attachment: 0, body_base64: 'AAAA' }],
    ['is a file that is not there', { multipart: { files: [{ name: 'f', data_attachment: 9 }] } }],
    ['is a file without bytes', { multipart: { files: [{ name: 'f' }] } }],
  ])('is refused where it %s', async (_what, payload) => {
    const { session } = await start(echo);
    const frame = { op: 'proxy', request_id: 'u', payload: { ...upload, ...payload } };
    session.sendBinary(frame, some);
    expect(await session.end('u')).toMatchObject({ error: { code: 'invalid_request' } });
  });

  it.each([
    ['is not of the form', {}, offered],
    ['was not offered', {}, {}],
    ['is not spoken', { WORKER_PLAIN_PROTOCOL: 'true' }, offered],
  ])('harms nothing else where a binary message %s', async (_why, settings, registered) => {
    const { session, worker } = await start(echo, settings, registered);
    const message = Buffer.from('\u0000\u0000\u0000\u0007{"v":1}x');
    session.socket.send(message);
    await worker.line('market sent an unreadable frame');
    expect(await session.end(session.ask('models.list'))).toMatchObject({ status: 'ok' });
  });
});

describe('the extensions', () => {
  it.each([
    [{}, offered.extensions],
    [{ WORKER_PLAIN_PROTOCOL: 'true' }, undefined],
  ])('are told at registration with %j', async (settings, extensions) => {
    const { session } = await start(give(body), settings);
    const { capabilities } = payloadOf(await session.op('register')) as { capabilities: Frame };
    expect(capabilities.extensions).toEqual(extensions);
  });
});
