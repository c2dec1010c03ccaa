import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { call, openCall, type Stage, startStage } from './broker-stage.js';
import { type Frame, ScriptedWorker } from './scripted-worker.js';

const delta = (content: string) =>
  `data: ${JSON.stringify({ object: 'chat.completion.chunk', choices: [{ delta: { content } }] })}\n\n`;
const completion = { id: 'c1', object: 'chat.completion', choices: [], usage: { total_tokens: 3 } };
const chunk = (value: unknown, more: object = {}) => ({
  event: 'chunk',
  payload: { chunk: value, ...more },
});
const done = { event: 'done', payload: {} };

describe('a chat completion through a session', () => {
  let stage: Stage;
  let worker: ScriptedWorker;

  /** Asks, with the worker answering by the script. */
  const ask = async (
    script: (frame: Frame) => void,
    options: { isStream?: boolean; body?: string } = {},
  ) => {
    worker.on('chat.completions', script);
    return call(stage.url, { sessionId: worker.sessionId, isStream: true, ...options });
  };

  beforeAll(async () => {
    stage = await startStage();
    worker = await ScriptedWorker.start(stage.url, { capabilities: { concurrency: 100 } });
    await worker.frame((frame) => frame.op === 'models.list');
  });
  afterAll(() => stage.close());

  it('carries every field of the body to the worker untouched', async () => {
    const body =
      '{"model":"model-a","seed":12345678901234567890,"odd":1e400,"top_p":0.10,"x_unknown":{"a":[null]}}';
    const texts: string[] = [];
    worker.socket.on('message', (data) => texts.push(String(data)));
    const answer = await ask(
      (frame) => worker.answer(frame, { status: 'ok', payload: completion }),
      {
        isStream: false,
        body,
      },
    );
    expect(answer).toMatchObject({ status: 200, text: JSON.stringify(completion) });
    const frame = texts.find((text) => text.includes('x_unknown')) ?? '';
    expect(frame).toContain(`"payload":${body}}`);
    expect(JSON.parse(frame)).toMatchObject({
      v: 1,
      op: 'chat.completions',
      provider_id: 'rig',
      client_id: 'client-1',
      method: 'POST',
      path: '/v1/chat/completions',
      stream: false,
    });
  });

  it.each([
    ['a body that is an object', { status_code: 200, body: completion }],
    ['a body that is JSON text', { status_code: 200, body: JSON.stringify(completion) }],
    [
      'a body in base64',
      {
        status_code: 200,
        content_type: 'application/json',
        body_base64: Buffer.from(JSON.stringify(completion)).toString('base64'),
      },
    ],
  ])('relays an HTTP envelope with %s', async (_, payload) => {
    const answer = await ask((frame) => worker.answer(frame, { status: 'ok', payload }), {
      isStream: false,
    });
    expect(answer).toMatchObject({
      status: 200,
      text: JSON.stringify(completion),
      fault: undefined,
    });
    expect(answer.headers['content-type']).toBe('application/json');
  });

  it("relays the engine's own refusal with its status and body", async () => {
    const payload = {
      status_code: 429,
      headers: { 'Retry-After': '7', 'set-cookie': 'a=b' },
      body: '{"error":{"message":"slow down"}}',
    };
    const answer = await ask((frame) => worker.answer(frame, { status: 'ok', payload }));
    expect(answer).toMatchObject({ status: 429, fault: undefined });
    expect(answer.text).toBe(payload.body);
    expect(answer.headers['retry-after']).toBe('7');
    expect(answer.headers['set-cookie']).toBeUndefined();
  });

  it('streams the first form, however it is cut, with one [DONE]', async () => {
    const whole = `${delta('Hé')}${delta('llo 🎉')}data: [DONE]\n\n`;
    const pieces = [whole.slice(0, 9), whole.slice(9, 70), whole.slice(70)];
    const answer = await ask((frame) =>
      worker.answer(
        frame,
        { event: 'pending', status: 'pending', payload: { estimated_timeout: 300 } },
        ...pieces.map((piece, index) => chunk(piece, { sequence: index })),
        done,
      ),
    );
    expect(answer).toMatchObject({ status: 200, text: whole, isCut: false });
    expect(answer.headers['content-type']).toBe('text/event-stream');
  });

  it.each([
    ['base64 in `data_base64`', { data_base64: Buffer.from(delta('a')).toString('base64') }],
    [
      'base64 with its encoding',
      { encoding: 'base64', data: Buffer.from(delta('a')).toString('base64') },
    ],
    ['text', { text: delta('a') }],
    ['an object', JSON.parse(delta('a').slice(6)) as object],
  ])('streams chunks that are %s, and adds the [DONE] that is missing', async (_, value) => {
    const answer = await ask((frame) => worker.answer(frame, chunk(value), done));
    expect(answer).toMatchObject({ text: `${delta('a')}data: [DONE]\n\n`, isCut: false });
  });

  it('streams the words of the oldest clients', async () => {
    const answer = await ask((frame) =>
      worker.answer(
        frame,
        { event: 'stream', payload: { data: delta('a') } },
        { event: 'stream_end', payload: {} },
      ),
    );
    expect(answer.text).toBe(`${delta('a')}data: [DONE]\n\n`);
  });

  it('streams the second form, where the whole stream is one answer', async () => {
    const body = `${delta('a')}${delta('b')}data: [DONE]\n\n`;
    const payload = { status_code: 200, stream: true, content_type: 'text/event-stream', body };
    const answer = await ask((frame) => worker.answer(frame, { status: 'ok', payload }));
    expect(answer).toMatchObject({ text: body, isCut: false });
    expect(answer.headers['content-type']).toBe('text/event-stream');
  });

  it.each([
    ['plain JSON', '{"error":{"message":"no","type":"invalid_request_error"}}', 400],
    ['an event', 'data: {"error":{"message":"Server busy"}}\n\n', 503],
    ['an event without known words', 'data: {"error":"oh"}\n\n', 502],
  ])('gives an error that comes as a first chunk, as %s, its status', async (_, text, status) => {
    const answer = await ask((frame) =>
      worker.answer(frame, chunk(text.slice(0, 5)), chunk(text.slice(5)), done),
    );
    expect(answer).toMatchObject({ status, fault: undefined });
    expect(JSON.parse(answer.text)).toHaveProperty('error');
  });

  it.each([
    [
      'a string',
      { error: 'no', code: 'unsupported_operation' },
      404,
      'WORKER_ENDPOINT_UNSUPPORTED',
    ],
    ['an object', { error: { code: 'stream_error', message: 'no' } }, 502, 'WORKER_FAILED'],
  ])('tells a failure of the worker, said as %s, as a fault', async (_, error, status, fault) => {
    const answer = await ask((frame) => worker.answer(frame, { status: 'error', ...error }));
    expect(answer).toMatchObject({ status, fault });
  });

  it('passes on usage figures that cannot be true: they are checked where money is', async () => {
    const payload = { ...completion, usage: { prompt_tokens: -1, completion_tokens: 1e9 } };
    const answer = await ask((frame) => worker.answer(frame, { status: 'ok', payload }), {
      isStream: false,
    });
    expect(JSON.parse(answer.text)).toEqual(payload);
  });

  it('never ends a cut stream cleanly', async () => {
    const answer = await ask((frame) =>
      worker.answer(frame, chunk(delta('a')), { status: 'error', error: { code: 'stream_error' } }),
    );
    expect(answer).toMatchObject({ status: 200, text: delta('a'), isCut: true });
  });

  it('takes a gap in the numbering for a broken stream', async () => {
    const answer = await ask((frame) =>
      worker.answer(
        frame,
        chunk(delta('a'), { sequence: 1 }),
        chunk(delta('b'), { sequence: 3 }),
        done,
      ),
    );
    expect(answer).toMatchObject({ text: delta('a'), isCut: true });
  });

  it('drops what is said of a request that is over, and keeps the next ones apart', async () => {
    const answer = await ask((frame) =>
      worker.answer(frame, chunk(delta('a')), done, chunk(delta('late')), {
        status: 'ok',
        payload: completion,
      }),
    );
    expect(answer.text).toBe(`${delta('a')}data: [DONE]\n\n`);
    const next = await ask((frame) => worker.answer(frame, chunk(delta('b')), done));
    expect(next.text).toBe(`${delta('b')}data: [DONE]\n\n`);
  });

  it('keeps many requests apart that are answered in pieces and out of order', async () => {
    const open = new Map<string, string>();
    worker.on('chat.completions', (frame) => {
      open.set(String(frame.request_id), String(frame.payload?.user));
      if (open.size < 20) return;
      const frames = [...open].reverse();
      for (const [id, user] of frames) worker.send({ v: 1, request_id: id, ...chunk(delta(user)) });
      for (const [id] of frames) worker.send({ v: 1, request_id: id, ...done });
    });
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        call(stage.url, {
          sessionId: worker.sessionId,
          isStream: true,
          body: `{"user":"buyer-${index}"}`,
        }),
      ),
    );
    expect(answers.map(({ text }) => text)).toEqual(
      answers.map((_, index) => `${delta(`buyer-${index}`)}data: [DONE]\n\n`),
    );
  });

  it('refuses a frame that the worker would not take, and leaves the worker alone', async () => {
    const body = `{"messages":"${'x'.repeat(1024 * 1024)}"}`;
    const answer = await call(stage.url, { sessionId: worker.sessionId, body });
    expect(answer).toMatchObject({ status: 413, fault: 'PAYLOAD_TOO_LARGE_FOR_WORKER' });
    expect(worker.closed).toBeUndefined();
  });

  it.each([
    ['another session', { sessionId: 'nobody' }, 404, 'SESSION_GONE'],
    ['another epoch', { epoch: 1 }, 404, 'SESSION_GONE'],
    ['a path that workers are not asked for', { path: '/admin/models' }, 404, 'ENDPOINT_UNKNOWN'],
    ['a traversal', { path: '/v1/chat/%2e%2e/admin' }, 404, 'ENDPOINT_UNKNOWN'],
    ['a body that is no object', { body: '[]' }, 400, 'BODY_INVALID'],
    ['a body that is no text', { body: Buffer.from([0x7b, 0xff, 0x7d]) }, 400, 'BODY_INVALID'],
  ])('refuses %s', async (_, options, status, fault) => {
    const answer = await call(stage.url, { sessionId: worker.sessionId, ...options });
    expect(answer).toMatchObject({ status, fault });
  });

  it('is closed to whoever does not know the internal secret', async () => {
    const answer = await call(stage.url, { sessionId: worker.sessionId, secret: 'wrong' });
    expect(answer.status).toBe(403);
  });

  it('lets nothing of the buyer into a frame', async () => {
    worker.on('chat.completions', (frame) =>
      worker.answer(frame, { status: 'ok', payload: completion }),
    );
    await call(stage.url, {
      sessionId: worker.sessionId,
      headers: {
        authorization: 'Bearer canary-authorization',
        cookie: 'canary=cookie',
        'x-api-key': 'canary-key',
        'x-forwarded-for': 'canary-address',
        'user-agent': 'canary-agent',
      },
    });
    expect(JSON.stringify(worker.frames)).not.toMatch(/canary|a-secret-of-sixteen/);
  });

  it('passes an abort on to nobody where the worker cannot cancel, and drops what it says', async () => {
    const asked = Promise.withResolvers<Frame>();
    worker.on('chat.completions', (frame) => {
      worker.answer(frame, chunk(delta('a')));
      asked.resolve(frame);
    });
    const open = openCall(stage.url, { sessionId: worker.sessionId, isStream: true });
    await open.response;
    open.abort();
    worker.answer(await asked.promise, chunk(delta('b')), done);
    const next = await ask((frame) => worker.answer(frame, chunk(delta('c')), done));
    expect(next.text).toContain('"c"');
    expect(worker.frames.some(({ op }) => op === 'cancel')).toBe(false);
  });
});
