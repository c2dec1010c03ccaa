import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { internalHeaders, internalPaths } from '@aisbf/contracts';
import { until } from '@aisbf/testkit';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { call, internalSecret, type Stage, startStage } from './broker-stage.js';
import { metric, type RealWorker, startWorker } from './real-worker.js';
import { ScriptedWorker } from './scripted-worker.js';

const total = 50_000_000;
const backlog = 'reader_backlog_bytes';
const ended = (stage: Stage, result: string) => metric(stage, 'calls_total', `result="${result}"`);
/** What the sockets' own buffers hold on the way. */
const socketsBytesMax = 25_000_000;

/** Writes bytes that nobody can guess the order of, as fast as they are taken. */
class Engine {
  written = 0;
  closed = 0;
  hash = createHash('sha256');
  type = 'video/mp4';
  hasLength = true;

  readonly serve = (_request: IncomingMessage, response: ServerResponse): void => {
    response.once('close', () => {
      this.closed += 1;
      response.emit('drain');
    });
    void this.write(response);
  };

  private async write(response: ServerResponse): Promise<void> {
    const length = this.hasLength ? { 'content-length': total } : {};
    const disposition = 'attachment; filename="clip.mp4"';
    response.writeHead(200, {
      'content-type': this.type,
      'content-disposition': disposition,
      ...length,
    });
    for (let at = 0; at < total && !response.destroyed; ) {
      const block = Buffer.alloc(Math.min(50_000, total - at), `${at} `);
      this.hash.update(block);
      at += block.length;
      this.written = at;
      if (!response.write(block)) await once(response, 'drain');
    }
    response.end();
  }
}

/** An answer of which nothing is read until somebody does. */
async function openReader(stage: Stage, sessionId: string, isStream = false) {
  const request = httpRequest(`${stage.url}${internalPaths.brokerSession(sessionId)}${path}`, {
    method: 'POST',
    agent: false,
    headers: {
      'content-type': 'application/json',
      [internalHeaders.secret]: internalSecret,
      [internalHeaders.isStream]: isStream ? '1' : '0',
    },
  });
  request.end('{"model":"model-a"}');
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  response.on('error', () => undefined);
  return response;
}

async function digest(response: IncomingMessage): Promise<string> {
  const hash = createHash('sha256');
  response.on('data', (part: Buffer) => hash.update(part));
  await new Promise((resolve) => response.on('close', resolve));
  return hash.digest('hex');
}

/** The figure once it has not changed in 20 looks, 25 ms apart: nothing tells that nothing happens. */
async function stillness(figure: () => number): Promise<number> {
  let last = -1;
  let same = 0;
  await until(
    () => {
      same = figure() === last && last > 0 ? same + 1 : 0;
      last = figure();
      return same >= 20;
    },
    { timeoutMs: 30_000 },
  );
  return last;
}

const path = '/v1/video/render';

describe('large bodies through our own worker', () => {
  let stage: Stage;
  let worker: RealWorker | undefined;
  let engine: Engine;
  const start = async (env: Readonly<Record<string, string>> = {}) => {
    engine = new Engine();
    worker = await startWorker(stage, engine.serve, env);
    return worker.sessionId;
  };

  beforeAll(async () => {
    stage = await startStage({
      BROKER_WORKER_SILENCE_MS: '2000',
      BROKER_READER_STALL_MS: '12000',
    });
  });
  afterEach(async () => {
    await worker?.close();
    worker = undefined;
  });
  afterAll(() => stage.close());

  it.each([true, false])(
    'go down as fast as they are read, and no faster (asked for a stream: %s)',
    async (isStream) => {
      const sessionId = await start();
      const reader = await openReader(stage, sessionId, isStream);
      expect(reader).toMatchObject({ statusCode: 200 });
      expect(reader.headers).toMatchObject({
        'content-type': 'video/mp4',
        'content-length': String(total),
        'content-disposition': "attachment; filename*=UTF-8''clip.mp4",
      });
      const stopped = await stillness(() => engine.written);
      expect(stopped).toBeLessThan(socketsBytesMax);
      // The silence that the broker itself has asked for is not the worker's: twice as long as it bears.
      const since = Date.now();
      let backlogMax = 0;
      await until(async () => {
        backlogMax = Math.max(backlogMax, await metric(stage, backlog));
        return Date.now() - since > 4_500;
      });
      expect(engine.written).toBe(stopped);
      expect(backlogMax).toBeGreaterThan(0);
      expect(backlogMax).toBeLessThan(2_000_000);
      expect(await digest(reader)).toBe(engine.hash.digest('hex'));
      expect(reader.complete).toBe(true);
      expect(await metric(stage, backlog)).toBe(0);
    },
    60_000,
  );

  it('are not taken for whole when their engine breaks off, even where only the last byte is missing', async () => {
    engine = new Engine();
    worker = await startWorker(stage, (_request, response) => {
      response.writeHead(200, { 'content-type': 'video/mp4', 'transfer-encoding': 'chunked' });
      response.write(Buffer.alloc(3_000_000), () => response.destroy());
    });
    const answer = await call(stage.url, { sessionId: worker.sessionId, path });
    expect(answer).toMatchObject({ status: 200, isCut: true });
  }, 60_000);

  it('stop at once when their reader leaves, also where they wait for it', async () => {
    const sessionId = await start({ WORKER_CONCURRENCY: '1' });
    const left = await openReader(stage, sessionId);
    await stillness(() => engine.written);
    left.destroy();
    await until(() => engine.closed === 1);
    expect(engine.written).toBeLessThan(total);
    const next = await openReader(stage, sessionId);
    expect(next.statusCode).toBe(200);
    next.destroy();
    await until(() => engine.closed === 2);
  }, 60_000);

  it('are ended when their reader takes nothing for too long', async () => {
    const sessionId = await start();
    const before = await ended(stage, 'READER_STALLED');
    const reader = await openReader(stage, sessionId);
    await until(async () => (await ended(stage, 'READER_STALLED')) > before, { timeoutMs: 30_000 });
    await until(() => engine.closed === 1);
    reader.resume();
    await until(() => reader.closed);
    expect(reader.complete).toBe(false);
  }, 60_000);

  it('end with a typed fault behind a worker that cannot wait, once their reader is too far behind', async () => {
    const sessionId = await start({ WORKER_PLAIN_PROTOCOL: 'true' });
    const before = await ended(stage, 'READER_TOO_SLOW');
    const reader = await openReader(stage, sessionId, true);
    await until(async () => (await ended(stage, 'READER_TOO_SLOW')) > before, {
      timeoutMs: 30_000,
    });
    reader.resume();
    await until(() => reader.closed);
    expect(reader.complete).toBe(false);
  }, 60_000);

  it('go up byte by byte', async () => {
    const file = Buffer.alloc(10_000_000, 'any bytes \u0000\u00ff', 'latin1');
    const got = Promise.withResolvers<Buffer>();
    worker = await startWorker(stage, (request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        got.resolve(Buffer.concat(parts));
        response.setHeader('content-type', 'application/json').end('{}');
      });
    });
    const sessionId = worker.sessionId;
    expect(await upload(stage, sessionId, file)).toMatchObject({ status: 200, text: '{}' });
    expect((await got.promise).includes(file)).toBe(true);
  }, 60_000);
});

function upload(stage: Stage, sessionId: string, file: Buffer) {
  const head =
    '--b\r\ncontent-disposition: form-data; name="file"; filename="a"\r\ncontent-type: a/b\r\n\r\n';
  const body = Buffer.concat([Buffer.from(head), file, Buffer.from('\r\n--b--\r\n')]);
  const headers = { 'content-type': 'multipart/form-data; boundary=b' };
  return call(stage.url, { sessionId, path: '/v1/audio/transcriptions', headers, body });
}

describe('large bodies through a worker that knows no extension', () => {
  let stage: Stage;
  let worker: ScriptedWorker;
  const limits = { concurrency: 8, max_frame_bytes: 67_108_864 };

  beforeAll(async () => {
    stage = await startStage();
    worker = await ScriptedWorker.start(stage.url, { capabilities: { limits } });
    await worker.frame(({ op }) => op === 'models.list');
  });
  afterAll(() => stage.close());

  it('go down whole', async () => {
    const body = Buffer.alloc(total, 'some video');
    const payload = {
      status_code: 200,
      content_type: 'video/mp4',
      body_base64: body.toString('base64'),
    };
    worker.on('proxy', (frame) => worker.answer(frame, { status: 'ok', payload }));
    const reader = await openReader(stage, worker.sessionId);
    expect(reader.headers['content-length']).toBe(String(total));
    expect(await digest(reader)).toBe(createHash('sha256').update(body).digest('hex'));
  }, 60_000);

  it('go up as base64, in a text frame', async () => {
    const file = Buffer.alloc(10_000_000, 'any bytes \u0000\u00ff', 'latin1');
    worker.on('proxy', (frame) =>
      worker.answer(frame, { status: 'ok', payload: { status_code: 200, body: '{}' } }),
    );
    expect(await upload(stage, worker.sessionId, file)).toMatchObject({ status: 200 });
    const { payload } = await worker.frame(({ op, path: at }) => op === 'proxy' && at !== path);
    const base64 = file.toString('base64');
    expect(payload?.multipart).toMatchObject({ files: [{ data_base64: base64 }] });
  }, 60_000);
});
