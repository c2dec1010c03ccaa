import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { natsUrl, until } from '@aisbf/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { call } from './broker-stage.js';
import { type FakePeers, startFakePeers } from './fake-peers.js';
import { Refusal, ScriptedWorker } from './scripted-worker.js';

/** Two processes are started here, on a machine that may be busy. */
const timeoutMs = 90_000;

const main = new URL('../dist/main.js', import.meta.url).pathname;

describe('the broker as a process', () => {
  let peers: FakePeers;
  const children: ChildProcess[] = [];
  beforeAll(async () => {
    peers = await startFakePeers();
  });
  afterAll(async () => {
    for (const child of children) child.kill('SIGKILL');
    await peers.close();
  });

  const run = (env: Readonly<Record<string, string>>) => {
    const child = spawn(process.execPath, [main], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    children.push(child);
    const output: string[] = [];
    child.stdout.on('data', (text) => output.push(String(text)));
    child.stderr.on('data', (text) => output.push(String(text)));
    return { child, text: () => output.join('') };
  };

  it(
    'says everything that is wrong with its settings, and does not start',
    async () => {
      const { child, text } = run({ BROKER_HTTP_PORT: 'x', AISBF_NATS_URL: 'http://nats' });
      const [code] = (await once(child, 'exit')) as [number];
      expect(code).toBe(1);
      for (const name of ['AISBF_INTERNAL_SECRET', 'AISBF_NATS_URL', 'BROKER_HTTP_PORT']) {
        expect(text()).toContain(name);
      }
    },
    timeoutMs,
  );

  it(
    'writes no token, no body and no answer into its log, and leaves cleanly when asked',
    async () => {
      const { child, text } = run({
        AISBF_INTERNAL_SECRET: 'a-secret-of-sixteen-or-more',
        AISBF_NATS_URL: await natsUrl(),
        BROKER_HTTP_PORT: '0',
        BROKER_ROUTER_URL: peers.url,
        BROKER_ACCOUNTS_URL: peers.url,
        BROKER_LOG_LEVEL: 'debug',
      });
      const url = await until(() => /"url":"([^"]+)"/.exec(text())?.[1], { timeoutMs });
      for (const identityIn of ['query', 'headers', 'bearer'] as const) {
        const options = { identityIn, registrationToken: 'canary-wrong' };
        await expect(ScriptedWorker.connect(url, options)).rejects.toBeInstanceOf(Refusal);
      }
      const worker = await ScriptedWorker.start(url);
      await worker.frame(({ op }) => op === 'models.list');
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
    },
    timeoutMs,
  );
});
