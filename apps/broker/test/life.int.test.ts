import { subjects } from '@aisbf/contracts';
import { NatsBus } from '@aisbf/platform';
import { natsUrl, until } from '@aisbf/testkit';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { call, openCall, type Stage, startStage } from './broker-stage.js';
import { sellerProvider } from './fake-peers.js';
import { type Frame, Refusal, ScriptedWorker } from './scripted-worker.js';

const completion = { object: 'chat.completion', choices: [] };
const answered = { status: 'ok', payload: completion };
const pending = { event: 'pending', status: 'pending', payload: {} };
const delta = 'data: {"choices":[{"delta":{"content":"a"}}]}\n\n';

describe("a session's life", () => {
  let stage: Stage;
  const workers: ScriptedWorker[] = [];
  const open = async (options: Parameters<typeof ScriptedWorker.start>[1] = {}) => {
    const worker = await ScriptedWorker.start(stage.url, options);
    workers.push(worker);
    await worker.frame(({ op }) => op === 'models.list');
    return worker;
  };
  const ask = (worker: ScriptedWorker, options: object = {}) =>
    openCall(stage.url, { sessionId: worker.sessionId, ...options });

  beforeAll(async () => {
    stage = await startStage({
      BROKER_PENDING_WAIT_MS: '400',
      BROKER_WORKER_SILENCE_MS: '1500',
      BROKER_HEARTBEAT_INTERVAL_MS: '100',
      BROKER_SESSION_QUEUE_MAX: '2',
      BROKER_QUEUE_WAIT_MS: '1000',
      BROKER_FRAME_BYTES_IN_MAX: '65536',
      BROKER_TAKEOVERS_PER_MINUTE_MAX: '3',
    });
  });
  afterEach(() => {
    for (const worker of workers.splice(0)) worker.socket.terminate();
  });
  afterAll(() => stage.close());

  it('answers heartbeats at once, and sends its own', async () => {
    const worker = await open();
    worker.heartbeat();
    const answer = await worker.frame(({ event }) => event === 'heartbeat');
    expect(answer).toMatchObject({ v: 1, status: 'ok', request_id: 'hb-1' });
    expect(answer.payload?.ts).toEqual(expect.any(Number));
    expect(answer).not.toHaveProperty('op');
    await worker.frame(({ op }) => op === 'heartbeat');
  });

  it('gives the oldest clients one request at a time, in order', async () => {
    const worker = await open();
    const asked: Frame[] = [];
    worker.on('chat.completions', (frame) => asked.push(frame));
    const calls = [ask(worker), ask(worker), ask(worker)];
    await until(() => asked.length === 1);
    const overflow = await call(stage.url, { sessionId: worker.sessionId });
    expect(overflow).toMatchObject({ status: 503, fault: 'WORKER_BUSY' });
    for (const count of [1, 2, 3]) {
      await until(() => asked.length === count);
      worker.answer(asked[count - 1] ?? {}, answered);
    }
    for (const { answer } of calls) expect((await answer).status).toBe(200);
  });

  it('lets nothing wait for room for long', async () => {
    const worker = await open();
    worker.on('chat.completions', (frame) => worker.answer(frame, pending));
    const first = ask(worker);
    await worker.frame(({ op }) => op === 'chat.completions');
    worker.on('chat.completions', () => undefined);
    const more = Array.from({ length: 6 }, () => ask(worker).answer);
    const results = await Promise.all([first.answer, ...more]);
    expect(results.map(({ fault }) => fault)).toContain('WORKER_SILENT');
    expect(results.every(({ status }) => status === 503 || status === 504)).toBe(true);
  });

  it('tries elsewhere when a worker that acknowledges does not, unless there is nobody else', async () => {
    const worker = await open();
    worker.on('chat.completions', (frame) => worker.answer(frame, pending, answered));
    expect((await ask(worker).answer).status).toBe(200);
    worker.on('chat.completions', () => undefined);
    expect(await ask(worker).answer).toMatchObject({ status: 504, fault: 'WORKER_UNRESPONSIVE' });
    const patient = await ask(worker, { isLastCandidate: true }).answer;
    expect(patient).toMatchObject({ status: 504, fault: 'WORKER_SILENT' });
  });

  it('waits as long as the worker says that it is at work', async () => {
    const worker = await open();
    worker.on('chat.completions', (frame) => worker.answer(frame, pending));
    const { answer } = ask(worker);
    const frame = await worker.frame(({ op }) => op === 'chat.completions');
    const startedAt = Date.now();
    const timer = setInterval(() => worker.answer(frame, pending), 100);
    await until(() => Date.now() - startedAt > 2500);
    clearInterval(timer);
    worker.answer(frame, answered);
    expect((await answer).status).toBe(200);
  });

  it('sends cancel to a worker that knows it, and drops what still comes', async () => {
    const worker = await open({
      capabilities: { operations: ['cancel'], limits: { concurrency: 1 } },
    });
    worker.on('chat.completions', (frame) =>
      worker.answer(frame, { event: 'chunk', payload: { chunk: delta } }),
    );
    const left = ask(worker, { isStream: true });
    await left.response;
    left.abort();
    const frame = await worker.frame(({ op }) => op === 'chat.completions');
    const cancel = await worker.frame(({ op }) => op === 'cancel');
    expect(cancel).toEqual({ v: 1, op: 'cancel', request_id: frame.request_id });
    worker.answer(frame, { event: 'chunk', payload: { chunk: delta } }, { event: 'done' });
    worker.on('chat.completions', (next) => worker.answer(next, answered));
    expect((await ask(worker).answer).status).toBe(200);
  });

  it('fails what is in flight when the worker disconnects: before the first byte as a fault', async () => {
    const worker = await open();
    worker.on('chat.completions', () => worker.socket.terminate());
    expect(await ask(worker).answer).toMatchObject({ status: 502, fault: 'WORKER_DISCONNECTED' });
    expect(await ask(worker).answer).toMatchObject({ status: 404, fault: 'SESSION_GONE' });
  });

  it('and after it by breaking off', async () => {
    const worker = await open();
    worker.on('chat.completions', (frame) =>
      worker.answer(frame, { event: 'chunk', payload: { chunk: delta } }),
    );
    const { response, answer } = ask(worker, { isStream: true });
    await response;
    worker.socket.terminate();
    expect(await answer).toMatchObject({ status: 200, text: delta, isCut: true });
  });

  it('lets a newer connection take over, and the old one say nothing more', async () => {
    const old = await open();
    old.on('chat.completions', () => undefined);
    const { answer } = ask(old);
    await old.frame(({ op }) => op === 'chat.completions');
    const young = await open();
    expect(await old.end()).toEqual({ code: 4001, reason: 'superseded' });
    expect(await answer).toMatchObject({ status: 502, fault: 'WORKER_DISCONNECTED' });
    young.on('chat.completions', (frame) => young.answer(frame, answered));
    expect((await ask(young).answer).status).toBe(200);
  });

  it('does not let two machines that fight over one identity flap', async () => {
    const options = { clientId: 'client-2' };
    for (let round = 0; round < 4; round += 1) await open(options);
    const refusal = await open(options).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(Refusal);
    expect(refusal).toMatchObject({ status: 429, headers: { 'retry-after': '10' } });
    expect(workers.at(-1)?.closed).toBeUndefined();
  });

  it('bears some unreadable frames without harm to requests, and then no more', async () => {
    const worker = await open();
    worker.on('chat.completions', (frame) => {
      for (const junk of ['', 'x', '[]', '{}', 'null', '{"request_id":7}'])
        worker.socket.send(junk);
      worker.socket.send(Buffer.from([1, 2, 3]));
      worker.answer(frame, answered);
    });
    expect((await ask(worker).answer).status).toBe(200);
    for (let count = 0; count < 3; count += 1) worker.socket.send('{');
    expect(await worker.end()).toEqual({ code: 1007, reason: 'unreadable_frames' });
  });

  it('closes a worker whose frame is too large', async () => {
    const worker = await open();
    worker.socket.send('x'.repeat(70_000));
    expect((await worker.end()).code).toBe(1009);
  });

  it('lets a reader go that falls too far behind, and costs no more than it may', async () => {
    const worker = await open({ capabilities: { operations: ['cancel'] } });
    worker.on('chat.completions', (frame) =>
      worker.answer(frame, { event: 'chunk', payload: { chunk: delta } }),
    );
    const { response } = ask(worker, { isStream: true });
    const reader = await response;
    reader.pause();
    const frame = await worker.frame(({ op }) => op === 'chat.completions');
    const event = `data: ${JSON.stringify({ choices: [{ delta: { content: 'x'.repeat(30_000) } }] })}\n\n`;
    let sentBytes = 0;
    await until(() => {
      for (let count = 0; count < 20; count += 1) {
        worker.answer(frame, { event: 'chunk', payload: { chunk: event } });
        sentBytes += event.length;
      }
      return worker.frames.some(({ op }) => op === 'cancel');
    });
    // The two sockets' own buffers hold the rest.
    expect(sentBytes).toBeLessThan(20_000_000);
    reader.resume();
    await until(() => reader.closed);
    expect(reader.complete).toBe(false);
  });

  it('ends the sessions of a provider that was revoked', async () => {
    const worker = await open();
    const bus = await NatsBus.connect({
      url: await natsUrl(),
      name: 'test',
      log: stage.broker.log,
    });
    const { providerId } = sellerProvider;
    bus.publish(subjects.registrationRevoked, {
      type: 'registration-revoked',
      providerId,
      reason: 'token_rotated',
    });
    expect(await worker.end()).toEqual({ code: 4003, reason: 'revoked' });
    await bus.close();
  });
});

describe('a silent worker', () => {
  let stage: Stage;
  const ask = (sessionId: string) => call(stage.url, { sessionId });

  beforeAll(async () => {
    stage = await startStage({
      BROKER_PING_INTERVAL_MS: '200',
      // Requests to a worker that hears nothing are not to hold the test up.
      BROKER_WORKER_SILENCE_MS: '300',
      BROKER_QUEUE_WAIT_MS: '300',
      BROKER_SUSPECT_AFTER_MS: '1000',
      BROKER_CLOSE_AFTER_MS: '3000',
    });
  });
  afterAll(() => stage.close());

  it('gives a silent worker nothing new, and closes it when it stays silent', async () => {
    const worker = await ScriptedWorker.start(stage.url);
    await worker.frame(({ op }) => op === 'models.list');
    worker.socket.pause();
    await until(async () => (await ask(worker.sessionId)).fault === 'SESSION_SUSPECT');
    worker.socket.resume();
    worker.heartbeat();
    worker.on('chat.completions', (frame) => worker.answer(frame, answered));
    await until(async () => (await ask(worker.sessionId)).status === 200);
    worker.socket.pause();
    await until(async () => (await ask(worker.sessionId)).fault === 'SESSION_GONE');
    worker.socket.resume();
    expect(await worker.end()).toEqual({ code: 1008, reason: 'silent' });
  });
});
