import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { internalHeaders, internalPaths } from '@aisbf/contracts';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { call, internalSecret, type Stage, startStage } from './broker-stage.js';
import { type Frame, ScriptedWorker } from './scripted-worker.js';

const bytes = Buffer.from(Array.from({ length: 1_000 }, (_, index) => (index * 7) % 256));
const base64 = bytes.toString('base64');

describe('other endpoints through a session', () => {
  let stage: Stage;
  let worker: ScriptedWorker;
  const asked: Frame[] = [];

  const ask = (
    path: string,
    options: Omit<Parameters<typeof call>[1], 'sessionId' | 'path'> = {},
    ...answers: readonly object[]
  ) => {
    worker.on('proxy', (frame) => {
      asked.push(frame);
      worker.answer(frame, ...answers);
    });
    return call(stage.url, { sessionId: worker.sessionId, path, ...options });
  };
  const envelope = (payload: object) => ({
    status: 'ok',
    payload: { status_code: 200, ...payload },
  });

  beforeAll(async () => {
    stage = await startStage({ BROKER_HEADERS_PASSED: 'X-Title' });
    worker = await ScriptedWorker.start(stage.url, { capabilities: { concurrency: 100 } });
    await worker.frame((frame) => frame.op === 'models.list');
  });
  afterAll(() => stage.close());

  it('carries JSON as it came, and nothing of the buyer', async () => {
    const body = '{"model":"model-a","seed":12345678901234567890}';
    const texts: string[] = [];
    worker.socket.on('message', (data) => texts.push(String(data)));
    const answer = await ask(
      '/v1/images/generations?a=1&b=2&b=3',
      {
        body,
        headers: {
          accept: 'image/png',
          traceparent: '00-1-2-3',
          'x-title': 'what for',
          'x-other': 'canary',
          authorization: 'Bearer canary',
          cookie: 'canary',
          'x-api-key': 'canary',
          'x-forwarded-for': 'canary',
          [internalHeaders.buyer]: 'canary',
        },
      },
      envelope({ content_type: 'image/png', filename: 'a.png', body_base64: base64 }),
    );
    expect(answer).toMatchObject({ status: 200, text: bytes.toString() });
    expect(answer.headers).toMatchObject({
      'content-type': 'image/png',
      'content-length': '1000',
      'content-disposition': "attachment; filename*=UTF-8''a.png",
    });
    expect(asked.at(-1)).toMatchObject({ path: '/v1/images/generations', stream: false });
    expect(asked.at(-1)?.payload).toEqual({
      endpoint_path: 'v1/images/generations',
      method: 'POST',
      headers: {
        accept: 'image/png',
        'content-type': 'application/json',
        traceparent: '00-1-2-3',
        'x-request-id': 'req_1',
        'x-title': 'what for',
      },
      query_params: { a: '1', b: ['2', '3'] },
      stream: false,
      content_type: 'application/json',
      body: JSON.parse(body),
    });
    expect(texts.join('')).toContain(`"body":${body}}`);
    expect(texts.join('')).not.toContain('canary');
  });

  it('carries bytes', async () => {
    const headers = { 'content-type': 'application/octet-stream' };
    const answer = await ask('/v1/audio/raw', { body: bytes, headers }, envelope({ body: 'ok' }));
    expect(answer.text).toBe('ok');
    expect(asked.at(-1)?.payload).toMatchObject({ body_base64: base64 });
    expect(asked.at(-1)?.payload).not.toHaveProperty('body');
  });

  it('carries a form, taken apart', async () => {
    const form = new FormData();
    form.append('model', 'model-a');
    form.append('file', new Blob([bytes], { type: 'audio/wav' }), 'a.wav');
    const written = new Response(form);
    const answer = await ask(
      '/v1/audio/transcriptions',
      {
        body: Buffer.from(await written.arrayBuffer()),
        headers: { 'content-type': written.headers.get('content-type') ?? '' },
      },
      envelope({ body: { text: 'hello' } }),
    );
    expect(answer).toMatchObject({ status: 200, text: '{"text":"hello"}' });
    const file = { name: 'file', filename: 'a.wav', content_type: 'audio/wav' };
    expect(asked.at(-1)?.payload).toMatchObject({
      content_type: 'multipart/form-data',
      multipart: {
        fields: [{ name: 'model', value: 'model-a' }],
        files: [{ ...file, data_base64: base64 }],
      },
    });
    expect(asked.at(-1)?.payload?.headers).not.toHaveProperty('content-type');
  });

  it('streams bytes as they come', async () => {
    const piece = (data: Buffer) => ({
      event: 'chunk',
      payload: { chunk: { data_base64: data.toString('base64') } },
    });
    const answer = await ask(
      '/v1/audio/speech',
      { isStream: true },
      piece(bytes.subarray(0, 300)),
      piece(bytes.subarray(300)),
      { event: 'done', payload: {} },
    );
    expect(answer).toMatchObject({ status: 200, text: bytes.toString(), isCut: false });
    expect(asked.at(-1)).toMatchObject({ stream: true, payload: { stream: true } });
  });

  it('asks without a body', async () => {
    const answer = await ask('/v1/files', { method: 'GET' }, envelope({ body: { data: [] } }));
    expect(answer.text).toBe('{"data":[]}');
    expect(Object.keys(asked.at(-1)?.payload ?? {})).toEqual([
      'endpoint_path',
      'method',
      'headers',
      'query_params',
      'stream',
    ]);
  });

  it('remembers what a worker does not serve, until it registers anew', async () => {
    const unserved = {
      status: 'error',
      error: { code: 'unsupported_endpoint', message: 'no', details: { status_code: 404 } },
    };
    const refused = { status: 404, fault: 'WORKER_ENDPOINT_UNSUPPORTED' };
    expect(await ask('/v1/rerank', {}, unserved)).toMatchObject(refused);
    const count = asked.length;
    expect(await ask('/v1/rerank', {}, unserved)).toMatchObject(refused);
    expect(asked).toHaveLength(count);
    const registered = worker.frames.length;
    worker.register({ concurrency: 100 });
    await worker.frame(
      (frame) => worker.frames.indexOf(frame) >= registered && frame.event === 'registered',
    );
    expect(await ask('/v1/rerank', {}, envelope({ body: {} }))).toMatchObject({ status: 200 });
  });

  it.each([
    '/admin',
    '/static/x.js',
    '/v1/images/../../admin',
    '/v1/images/%2e%2e/%2e%2e/admin',
    '/v1/images/..%2f..%2fadmin',
    '/v1/images%2fgenerations',
    '//evil.example/v1/images',
  ])('never forwards %s', async (path) => {
    const count = worker.frames.filter(({ op }) => op === 'proxy').length;
    expect(await rawStatus(stage.url, worker.sessionId, path)).toBe(404);
    expect(worker.frames.filter(({ op }) => op === 'proxy')).toHaveLength(count);
  });

  it('refuses a body that is not what it says, and one that is too large for the worker', async () => {
    const broken = { 'content-type': 'multipart/form-data; boundary=x' };
    const invalid = { status: 400, fault: 'BODY_INVALID' };
    expect(await ask('/v1/images/edits', { headers: broken, body: 'x' })).toMatchObject(invalid);
    expect(await ask('/v1/images/edits', { body: '[]' })).toMatchObject(invalid);
    const headers = { 'content-type': 'image/png' };
    const body = Buffer.alloc(900_000);
    expect(await ask('/v1/images/edits', { headers, body })).toMatchObject({
      status: 413,
      fault: 'PAYLOAD_TOO_LARGE_FOR_WORKER',
    });
  });
});

/** With the path exactly as it stands: a URL's own reading of it would tidy it up. */
async function rawStatus(url: string, sessionId: string, path: string): Promise<number> {
  const { hostname, port } = new URL(url);
  const request = httpRequest({
    hostname,
    port,
    path: `${internalPaths.brokerSession(sessionId)}${path}`,
    method: 'GET',
    agent: false,
    headers: { [internalHeaders.secret]: internalSecret },
  });
  request.end();
  const [response] = await once(request, 'response');
  response.resume();
  return response.statusCode;
}
