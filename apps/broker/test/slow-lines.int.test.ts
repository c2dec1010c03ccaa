import { until } from '@aisbf/testkit';
import { afterEach, describe, expect, it } from '@jest/globals';
import { openCall, type Stage, startStage } from './broker-stage.js';
import { metric } from './real-worker.js';
import { ScriptedWorker } from './scripted-worker.js';

/** More than all that the sockets' own buffers hold. */
const largeBytes = 30_000_000;
const large = JSON.stringify({ model: 'model-a', file: 'x'.repeat(largeBytes) });
const small = JSON.stringify({ model: 'model-a' });
const capabilities = {
  server: 'scripted',
  limits: { max_frame_bytes: 64_000_000, concurrency: 8 },
};
const pending = { status: 'pending' };
const answered = { status: 'ok', payload: { object: 'chat.completion' } };

describe('a worker on a slow line', () => {
  let stage: Stage;
  let worker: ScriptedWorker;

  const start = async (settings: Readonly<Record<string, string>> = {}) => {
    stage = await startStage(settings);
    worker = await ScriptedWorker.start(stage.url, { capabilities });
    await worker.frame(({ op }) => op === 'models.list');
    worker.on('chat.completions', (frame) => worker.answer(frame, pending, answered));
    // From now on it is known to acknowledge.
    expect((await ask(small)).status).toBe(200);
  };
  const ask = (body: string) => openCall(stage.url, { sessionId: worker.sessionId, body }).answer;
  const heartbeats = () => metric(stage, 'frames_total', 'kind="heartbeat"');
  /** Heard by the broker, one after another, while nothing that it says is read. */
  const beat = async (times: number): Promise<void> => {
    const before = await heartbeats();
    for (let count = 0; count < times; count += 1) worker.heartbeat();
    await until(async () => (await heartbeats()) === before + times);
  };

  afterEach(async () => {
    worker.socket.terminate();
    await stage.close();
  });

  it('may beat while a large body is on its way', async () => {
    await start();
    worker.socket.pause();
    const answer = ask(large);
    await beat(3);
    worker.socket.resume();
    expect((await answer).status).toBe(200);
    expect(worker.closed).toBeUndefined();
  });

  it('gets what comes after a large body when that is through', async () => {
    await start();
    worker.socket.pause();
    const first = ask(large);
    await beat(1);
    const others = [ask(small), ask(small), ask(small)];
    await beat(1);
    worker.socket.resume();
    const answers = await Promise.all([first, ...others]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  });

  it('is not called unresponsive before it has the whole body', async () => {
    const [pendingWaitMs, silenceMs] = [200, 1_000];
    await start({
      BROKER_PENDING_WAIT_MS: String(pendingWaitMs),
      BROKER_WORKER_SILENCE_MS: String(silenceMs),
    });
    worker.socket.pause();
    let isOver = false;
    const answer = ask(large).finally(() => {
      isOver = true;
    });
    const patientMs = Date.now() + 2 * silenceMs;
    await until(() => isOver || Date.now() > patientMs);
    expect(isOver).toBe(false);
    worker.socket.resume();
    expect((await answer).status).toBe(200);
  });

  it('hears pings between the pieces of a large body', async () => {
    await start({ BROKER_PING_INTERVAL_MS: '20' });
    const heard: string[] = [];
    worker.socket.on('ping', () => heard.push('ping'));
    worker.socket.on('message', (data) => {
      if ((data as Buffer).length > largeBytes) heard.push('body');
    });
    worker.socket.pause();
    const answer = ask(large);
    await beat(1);
    worker.socket.resume();
    await answer;
    expect(heard.slice(0, heard.indexOf('body'))).toContain('ping');
  });

  it('is let go where it reads nothing more, and its request fails', async () => {
    await start({ BROKER_SOCKET_STALL_MS: '300' });
    worker.socket.pause();
    expect(await ask(large)).toMatchObject({ fault: 'WORKER_DISCONNECTED' });
    expect(await metric(stage, 'sessions_closed_total', 'reason="not_reading"')).toBe(1);
  });
});
