import { internalHeaders } from '@aisbf/contracts';
import { until } from '@aisbf/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { call, openCall, type Stage, startStage } from './broker-stage.js';
import { apiTokens } from './fake-peers.js';
import { type Frame, ScriptedWorker } from './scripted-worker.js';

const answered = { status: 'ok', payload: { object: 'chat.completion', choices: [] } };
const busy = { status: 'ok', payload: { status_code: 503, body: '{"error":"Server busy"}' } };
const chunk = {
  event: 'chunk',
  payload: { chunk: 'data: {"choices":[{"delta":{"content":"x"}}]}\n\n' },
};

describe('what a broker sees of its workers', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await startStage({ BROKER_SESSION_QUEUE_MAX: '8' });
  });
  afterAll(() => stage.close());

  const statusOf = async (sessionId: string) => {
    const response = await fetch(`${stage.url}/api/coderai/broker/providers/rig/status`, {
      headers: { authorization: `Bearer ${apiTokens.seller}` },
    });
    const { sessions } = (await response.json()) as { sessions: readonly WorkerStatus[] };
    return sessions.find(({ session_id: id }) => id === sessionId);
  };
  const open = async (clientId: string, capabilities?: object) => {
    const worker = await ScriptedWorker.start(stage.url, {
      clientId,
      ...(capabilities && { capabilities }),
    });
    await until(async () => (await statusOf(worker.sessionId))?.presence?.models.length === 1);
    return worker;
  };

  it('serves the buyers that wait in turn, and tells the worker nothing of them', async () => {
    const worker = await open('client-1', { limits: { concurrency: 1 } });
    const asked: Frame[] = [];
    worker.on('chat.completions', (frame) => asked.push(frame));
    const ask = (buyer: string, name: string) =>
      openCall(stage.url, {
        sessionId: worker.sessionId,
        body: JSON.stringify({ model: 'model-a', name }),
        headers: { [internalHeaders.buyer]: buyer },
      });
    const calls = [ask('canary-greedy', 'first')];
    await until(() => asked.length === 1);
    for (const [place, [buyer, name]] of [
      ['canary-greedy', 'greedy 1'],
      ['canary-greedy', 'greedy 2'],
      ['canary-greedy', 'greedy 3'],
      ['canary-modest', 'modest 1'],
    ].entries()) {
      calls.push(ask(buyer ?? '', name ?? ''));
      await until(async () => (await statusOf(worker.sessionId))?.presence?.queued === place + 1);
    }
    for (const place of calls.keys()) {
      await until(() => asked.length === place + 1);
      worker.answer(asked[place] ?? {}, answered);
    }
    for (const { answer } of calls) expect((await answer).status).toBe(200);
    expect(asked.map(({ payload }) => payload?.name)).toEqual([
      'first',
      'greedy 1',
      'modest 1',
      'greedy 2',
      'greedy 3',
    ]);
    expect(JSON.stringify(worker.frames)).not.toContain('canary');
    worker.socket.terminate();
  });

  it('refuses what gives way where there is no room, and serves it where there is', async () => {
    const worker = await open('client-1', { limits: { concurrency: 1 } });
    const asked: Frame[] = [];
    worker.on('chat.completions', (frame) => asked.push(frame));
    const request = { sessionId: worker.sessionId };
    const yielding = { ...request, headers: { [internalHeaders.givesWay]: '1' } };
    const first = openCall(stage.url, yielding);
    await until(() => asked.length === 1);
    expect(await call(stage.url, yielding)).toMatchObject({ status: 503, fault: 'WORKER_BUSY' });
    const waiting = openCall(stage.url, request);
    await until(async () => (await statusOf(worker.sessionId))?.presence?.queued === 1);
    worker.answer(asked[0] ?? {}, answered);
    expect((await first.answer).status).toBe(200);
    await until(() => asked.length === 2);
    worker.answer(asked[1] ?? {}, answered);
    expect((await waiting.answer).status).toBe(200);
    worker.socket.terminate();
  });

  it('gives a worker less at once when it says that it is busy', async () => {
    const worker = await open('client-1');
    worker.heartbeat();
    await until(async () => (await statusOf(worker.sessionId))?.presence?.inFlightMax === 6);
    const asked: Frame[] = [];
    worker.on('chat.completions', (frame) => asked.push(frame));
    const calls = Array.from({ length: 6 }, () =>
      openCall(stage.url, { sessionId: worker.sessionId }),
    );
    await until(() => asked.length === 6);
    worker.answer(asked[5] ?? {}, busy);
    expect((await Promise.race(calls.map(({ answer }) => answer))).status).toBe(503);
    await until(async () => (await statusOf(worker.sessionId))?.presence?.inFlightMax === 4);
    for (const frame of asked.slice(0, 5)) worker.answer(frame, answered);
    for (const { answer } of calls) expect([200, 503]).toContain((await answer).status);
    worker.socket.terminate();
  });

  it("shows its own figures beside the worker's claims", async () => {
    const worker = await open('client-2');
    const metrics = { elapsed_ms: 1, tokens_per_second: 1_000 };
    worker.on('chat.completions', (frame) =>
      worker.answer(frame, chunk, chunk, { event: 'done', payload: {}, metrics }),
    );
    const body = '{"model":"model-a","stream":true}';
    const ask = () => call(stage.url, { sessionId: worker.sessionId, isStream: true, body });
    expect((await ask()).status).toBe(200);
    worker.on('chat.completions', (frame) =>
      worker.answer(frame, { status: 'error', error: { code: 'x', message: 'no' } }),
    );
    expect((await ask()).status).toBe(502);
    worker.on('chat.completions', (frame) =>
      worker.answer(frame, { status: 'ok', payload: { status_code: 400, body: '{}' } }),
    );
    expect((await ask()).status).toBe(400);
    // A probe is nobody's request.
    const headers = { [internalHeaders.isProbe]: '1' };
    await call(stage.url, { sessionId: worker.sessionId, body, headers });
    const status = await statusOf(worker.sessionId);
    // The router hears of all models together.
    expect(status?.presence?.measured).toMatchObject({ requests: 2, successRate: 0.5 });
    expect(status?.measured).toMatchObject([
      {
        model: 'model-a',
        requests: 2,
        successRate: 0.5,
        firstMs: expect.any(Number),
        firstContentMs: expect.any(Number),
        claimedElapsedMs: 1,
        claimedTokensPerSecond: 1_000,
      },
    ]);
  });
});

type WorkerStatus = Readonly<{
  session_id: string;
  measured: unknown;
  presence: {
    models: readonly object[];
    queued: number;
    inFlightMax: number;
    measured?: object;
  } | null;
}>;
