import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { call, type Stage, startStage } from './broker-stage.js';
import { ScriptedWorker } from './scripted-worker.js';

let stage: Stage;
let worker: ScriptedWorker;

beforeAll(async () => {
  stage = await startStage();
  worker = await ScriptedWorker.start(stage.url, { capabilities: { concurrency: 100 } });
  await worker.frame((frame) => frame.op === 'models.list');
});
afterAll(() => stage.close());

describe('a probe of a router', () => {
  it("gets the worker's own list of models", async () => {
    worker.on('models.list', (frame) =>
      worker.answer(frame, {
        status: 'ok',
        payload: { object: 'list', data: [{ id: 'model-a' }] },
      }),
    );
    const answer = await call(stage.url, {
      sessionId: worker.sessionId,
      path: '/v1/models',
      method: 'GET',
    });
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.text)).toMatchObject({ data: [{ id: 'model-a' }] });
  });

  it('asks for it by GET alone', async () => {
    const { sessionId } = worker;
    const answer = await call(stage.url, { sessionId, path: '/v1/models', method: 'POST' });
    expect(answer.fault).toBe('ENDPOINT_UNKNOWN');
  });
});
