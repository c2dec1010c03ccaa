import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { natsUrl, until } from '@aisbf/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { call } from './broker-stage.js';
import { type FakePeers, startFakePeers } from './fake-peers.js';
import { Refusal, ScriptedWorker } from './scripted-worker.js';

const main = new URL('../dist/main.js', import.meta.url).pathname;

describe('the broker as a process', () => {
  let peers: FakePeers;
  beforeAll(async () => {
    peers = await startFakePeers();
  });
  afterAll(() => peers.close());

  const run = (env: Readonly<Record<string, string>>) => {
    const child = spawn(process.execPath, [main], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const output: string[] = [];
    child.stdout.on('data', (text) => output.push(String(text)));
    child.stderr.on('data', (text) => output.push(String(text)));
    return { child, text: () => output.join('') };
  };

  it('says everything that is wrong with its settings, and does not start', async () => {
    const { child, text } = run({ BROKER_HTTP_PORT: 'x', AISBF_NATS_URL: 'http://nats' });
    const [code] = (await once(child, 'exit')) as [number];
    expect(code).toBe(1);
    for (const name of ['AISBF_INTERNAL_SECRET', 'AISBF_NATS_URL', 'BROKER_HTTP_PORT']) {
      expect(text()).toContain(name);
    }
  });

  it('writes no token, no body and no answer into its log, and leaves cleanly when asked', async () => {
    const { child, text } = run({
      AISBF_INTERNAL_SECRET: 'a-secret-of-sixteen-or-more',
      AISBF_NATS_URL: await natsUrl(),
      BROKER_HTTP_PORT: '0',
      BROKER_ROUTER_URL: peers.url,
      BROKER_ACCOUNTS_URL: peers.url,
      BROKER_LOG_LEVEL: 'debug',
    });
    const url = await until(() => /"url":"([^"]+)"/.exec(text())?.[1]);
    for (const identityIn of ['query', 'headers', 'bearer'] as const) {
      const options = { identityIn, registrationToken: 'canary-wrong' };
      await expect(ScriptedWorker.connect(url, options)).rejects.toBeInstanceOf(Refusal);
    }
    const worker = await ScriptedWorker.start(url);
    worker.on('chat.completions', (frame) =>
      worker.answer(frame, { status: 'ok', payload: { choices: ['canary-answer'] } }),
    );
    worker.socket.send('{"canary-junk"');
    const body = '{"messages":["canary-prompt"]}';
    const answer = await call(url, { sessionId: worker.sessionId, body });
    expect(answer.text).toContain('canary-answer');
    const status = await fetch(`${url}/api/coderai/broker/sessions?token=canary-query`, {
      headers: { authorization: 'Bearer canary-bearer' },
    });
    expect(status.status).toBe(401);
    child.kill('SIGTERM');
    const [code] = (await once(child, 'exit')) as [number];
    expect(code).toBe(0);
    expect(await worker.end()).toMatchObject({ code: 1001 });
    expect(text()).toContain('session-registered');
    expect(text()).not.toMatch(/canary|reg_right/);
  });

  it('lets nothing of the buyer into a frame', async () => {
    const { child, text } = run({
      AISBF_INTERNAL_SECRET: 'a-secret-of-sixteen-or-more',
      AISBF_NATS_URL: await natsUrl(),
      BROKER_HTTP_PORT: '0',
      BROKER_ROUTER_URL: peers.url,
      BROKER_ACCOUNTS_URL: peers.url,
    });
    const url = await until(() => /"url":"([^"]+)"/.exec(text())?.[1]);
    const worker = await ScriptedWorker.start(url);
    worker.on('chat.completions', (frame) =>
      worker.answer(frame, { status: 'ok', payload: { choices: [] } }),
    );
    await call(url, {
      sessionId: worker.sessionId,
      headers: {
        authorization: 'Bearer canary-authorization',
        cookie: 'canary=cookie',
        'x-api-key': 'canary-key',
        'x-forwarded-for': 'canary-address',
        'user-agent': 'canary-agent',
      },
    });
    expect(JSON.stringify(worker.frames)).not.toContain('canary');
    expect(JSON.stringify(worker.frames)).not.toContain('a-secret-of-sixteen');
    child.kill('SIGTERM');
    await once(child, 'exit');
  });
});
