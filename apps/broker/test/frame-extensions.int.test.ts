import { until } from '@aisbf/testkit';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { call, type Stage, startStage } from './broker-stage.js';
import { apiTokens } from './fake-peers.js';
import { type Frame, ScriptedWorker } from './scripted-worker.js';

const bytes = Buffer.from(Array.from({ length: 1_000 }, (_, index) => (index * 7) % 256));
const binary = { extensions: ['binary-frames'] };
const windowed = { extensions: ['stream-window'], operations: ['cancel'] };
const path = '/v1/audio/speech';
const png = { 'content-type': 'image/png' };
const answered = { status: 'ok', payload: { status_code: 200, body: '{}' } };

describe('the extensions of frames', () => {
  let stage: Stage;
  const workers: ScriptedWorker[] = [];
  const open = async (capabilities: object = {}) => {
    const limits = { concurrency: 8 };
    const worker = await ScriptedWorker.start(stage.url, {
      capabilities: { limits, ...capabilities },
    });
    workers.push(worker);
    await worker.frame(({ op }) => op === 'models.list');
    return worker;
  };
  const ask = (worker: ScriptedWorker, options: object = {}) =>
    call(stage.url, { sessionId: worker.sessionId, path, ...options });

  beforeAll(async () => {
    stage = await startStage({ BROKER_STREAM_WINDOW_BYTES: '100000' });
  });
  afterEach(async () => {
    for (const worker of workers.splice(0)) {
      worker.socket.terminate();
      await worker.end();
    }
  });
  afterAll(() => stage.close());

  it('are offered to everybody, and change nothing for who does not know them', async () => {
    const worker = await open();
    expect(worker.frames[0]).toMatchObject({
      event: 'registered',
      status: 'ok',
      extensions: expect.arrayContaining(['binary-frames', 'stream-window']),
      limits: { stream_window_bytes: 100_000 },
    });
    worker.on('proxy', (frame) => worker.answer(frame, answered));
    expect(await ask(worker, { headers: png, body: bytes })).toMatchObject({ status: 200 });
    const { payload, bytes: beside } = await worker.frame(({ op }) => op === 'proxy');
    expect(payload).toMatchObject({ body_base64: bytes.toString('base64') });
    expect(beside).toBeUndefined();
  });

  it('carry bytes beside the JSON, which then may be larger than as base64', async () => {
    const worker = await open(binary);
    worker.on('proxy', (frame) => worker.answer(frame, answered));
    const body = Buffer.alloc(1_000_000, bytes);
    expect(await ask(worker, { headers: png, body })).toMatchObject({ status: 200 });
    const frame = await worker.frame(({ op }) => op === 'proxy');
    expect(frame.payload).toMatchObject({ content_type: 'image/png', body_attachment: 0 });
    expect(frame.bytes?.[0]?.equals(body)).toBe(true);
    const larger = await ask(worker, { headers: png, body: Buffer.alloc(1_100_000) });
    expect(larger).toMatchObject({ status: 413, fault: 'PAYLOAD_TOO_LARGE_FOR_WORKER' });
  });

  it('carry answers, whole and in pieces', async () => {
    const worker = await open(binary);
    const head = { status_code: 201, content_type: 'image/png' };
    worker.on('proxy', (frame) => {
      const whole = { ...head, body_attachment: 0 };
      worker.sendBinary({ request_id: frame.request_id, status: 'ok', payload: whole }, bytes);
    });
    expect(await ask(worker)).toMatchObject({ status: 201, text: bytes.toString() });
    worker.on('proxy', (frame) => {
      const piece = (payload: object, data: Buffer) =>
        worker.sendBinary(
          {
            request_id: frame.request_id,
            event: 'chunk',
            payload: { chunk: { data_attachment: 0 }, ...payload },
          },
          data,
        );
      piece(head, bytes.subarray(0, 400));
      piece({}, bytes.subarray(400));
      worker.answer(frame, { event: 'done', payload: {} });
    });
    const answer = await ask(worker);
    expect(answer).toMatchObject({ status: 201, text: bytes.toString(), isCut: false });
    expect(answer.headers).toMatchObject({ 'content-type': 'image/png' });
    expect(answer.headers).not.toHaveProperty('content-length');
  });

  it('are no answers where they are malformed, and disturb none until they are too many', async () => {
    const worker = await open(binary);
    worker.on('proxy', (frame) => {
      const { request_id } = frame;
      for (const junk of ['', 'abc', '\u0000\u0000\u0000\u0002{}x']) {
        worker.socket.send(Buffer.from(junk));
      }
      worker.sendBinary({ request_id: 'nobody', status: 'ok', payload: {} }, bytes);
      const payload = { status_code: 200, content_type: 'image/png', body_attachment: 1 };
      worker.sendBinary({ request_id, status: 'ok', payload }, Buffer.from('x'), bytes);
    });
    expect(await ask(worker)).toMatchObject({ status: 200, text: bytes.toString() });
    worker.on('proxy', ({ request_id }) => {
      const payload = { status_code: 200, body_attachment: 3 };
      worker.sendBinary({ request_id, status: 'ok', payload }, bytes);
    });
    expect(await ask(worker)).toMatchObject({ status: 502, fault: 'WORKER_ANSWER_INVALID' });
    for (let count = 0; count < 7; count += 1) worker.socket.send(Buffer.from('x'));
    expect(await worker.end()).toEqual({ code: 1007, reason: 'unreadable_frames' });
  });

  it('are unreadable from a worker that has not offered them', async () => {
    const worker = await open();
    worker.on('proxy', (frame) => {
      const payload = { status_code: 500, body_attachment: 0 };
      worker.sendBinary({ request_id: frame.request_id, status: 'ok', payload }, bytes);
      worker.answer(frame, answered);
    });
    expect(await ask(worker)).toMatchObject({ status: 200, text: '{}' });
    const response = await fetch(`${stage.url}/api/coderai/broker/providers/rig/status`, {
      headers: { authorization: `Bearer ${apiTokens.seller}` },
    });
    const { events } = (await response.json()) as { events: object[] };
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'frame-unreadable', detail: 'binary' }),
    );
  });
});

describe('the window of a stream', () => {
  let stage: Stage;
  let worker: ScriptedWorker;
  const start = async (capabilities: object) => {
    worker = await ScriptedWorker.start(stage.url, { capabilities });
    await worker.frame(({ op }) => op === 'models.list');
  };
  const windows = () => worker.frames.filter(({ op }) => op === 'window');
  const event = `data: ${JSON.stringify({ choices: [{ delta: { content: 'é'.repeat(4_970) } }] })}\n\n`;
  const size = Buffer.byteLength(event);
  const ask = (script: (frame: Frame) => void) => {
    worker.on('chat.completions', script);
    return call(stage.url, { sessionId: worker.sessionId, isStream: true });
  };
  const stream = (count: number) =>
    ask((frame) => {
      const chunk = { event: 'chunk', payload: { chunk: event } };
      worker.answer(frame, ...Array.from({ length: count }, () => chunk));
      // The end is said when the last word about the window must have come.
      void until(() => windows().length > 0 || count < 5).then(() =>
        worker.answer(frame, { event: 'done', payload: {} }),
      );
    });

  beforeAll(async () => {
    stage = await startStage({ BROKER_STREAM_WINDOW_BYTES: '100000' });
  });
  afterEach(async () => {
    worker.socket.terminate();
    await worker.end();
  });
  afterAll(() => stage.close());

  it('is told in figures that only grow, of what has come and was read', async () => {
    await start(windowed);
    const answer = await stream(40);
    expect(answer).toMatchObject({ status: 200, isCut: false });
    const { request_id } = await worker.frame(({ op }) => op === 'chat.completions');
    const figures = windows().map(({ payload }) => Number(payload?.read_bytes));
    for (const frame of windows()) {
      const payload = { read_bytes: expect.any(Number) };
      expect(frame).toEqual({ v: 1, op: 'window', request_id, payload });
    }
    expect(figures).toEqual([...new Set(figures)].sort((a, b) => a - b));
    expect(figures[0]).toBeGreaterThanOrEqual(25_000);
    expect(figures.at(-1)).toBeLessThanOrEqual(40 * size);
  });

  it('is not spoken of in small streams', async () => {
    await start(windowed);
    expect(await stream(2)).toMatchObject({ status: 200, isCut: false });
    expect(windows()).toEqual([]);
  });

  it.each([
    ['does not know it', { operations: ['cancel'] }],
    ['could not be told to stop', { extensions: ['stream-window'] }],
  ])('is not spoken of to a worker that %s', async (_why, capabilities) => {
    await start(capabilities);
    const answer = await ask((frame) => {
      const chunk = { event: 'chunk', payload: { chunk: event } };
      const chunks = Array.from({ length: 40 }, () => chunk);
      worker.answer(frame, ...chunks, { event: 'done', payload: {} });
    });
    expect(answer).toMatchObject({ status: 200, isCut: false });
    expect(windows()).toEqual([]);
  });

  it('ends with its request, of which the worker is told where it cannot know', async () => {
    await start(windowed);
    const answer = await ask((frame) => {
      const chunk = (sequence: number) => ({ event: 'chunk', payload: { chunk: event, sequence } });
      worker.answer(frame, chunk(0), chunk(7));
    });
    expect(answer).toMatchObject({ status: 200, isCut: true });
    const { request_id } = await worker.frame(({ op }) => op === 'chat.completions');
    await worker.frame((frame) => frame.op === 'cancel' && frame.request_id === request_id);
  });
});
