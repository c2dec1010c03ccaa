import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from '@jest/globals';
import { type MarketSession, payloadOf, ScriptedMarket } from './scripted-market.js';

const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const secret = 'aisbf_reg_do-not-show';
const prompt = 'the-prompt-that-nobody-logs';

const running: { child: ChildProcess; market: ScriptedMarket }[] = [];

afterEach(async () => {
  for (const { child, market } of running.splice(0)) {
    child.kill('SIGKILL');
    await market.close();
  }
});

type Scene = Readonly<{
  child: ChildProcess;
  session: MarketSession;
  exit: Promise<number | null>;
  output: () => string;
}>;

async function launch(args: readonly string[], env: Record<string, string> = {}): Promise<Scene> {
  const market = await ScriptedMarket.start();
  const all = ['--demo', '--market', market.url, '--username', 'ann', '--provider', 'box', ...args];
  const child = spawn(process.execPath, [main, ...all], {
    env: { PATH: process.env.PATH, WORKER_REGISTRATION_TOKEN: secret, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.push({ child, market });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
  }
  const exit = once(child, 'close').then(([code]) => code as number | null);
  const session = await market.session(0);
  await session.op('heartbeat');
  return { child, session, exit, output: () => text };
}

function askStream(session: MarketSession, tokens: number): string {
  const messages = [{ role: 'user', content: prompt }];
  const payload = { model: 'demo-small', stream: true, min_tokens: tokens, messages };
  return session.ask('chat.completions', payload);
}

describe('SIGTERM', () => {
  it('leaves the market, takes nothing new, finishes what runs and ends with 0', async () => {
    const { child, session, exit } = await launch([]);
    const id = askStream(session, 200);
    await session.frame(({ event }) => event === 'chunk');
    child.kill('SIGTERM');
    const registers = () => session.frames.filter(({ op }) => op === 'register').length;
    await session.frame(() => registers() === 2);
    const list = payloadOf(await session.end(session.ask('models.list')));
    expect(JSON.parse(String(list.body))).toMatchObject({ data: [] });
    expect(await session.end(askStream(session, 1))).toMatchObject({
      error: { code: 'worker_draining', details: { status_code: 503 } },
    });
    expect(await session.end(id)).toMatchObject({ event: 'done' });
    expect(session.text(id)).toMatch(/data: \[DONE\]\n\n$/);
    expect(await session.closed).toMatchObject({ code: 1000 });
    expect(await exit).toBe(0);
  });

  it('waits no longer than the grace time', async () => {
    const { child, session, exit } = await launch([], { WORKER_DRAIN_GRACE_MS: '50' });
    askStream(session, 8000);
    await session.frame(({ event }) => event === 'chunk');
    child.kill('SIGTERM');
    expect(await session.closed).toMatchObject({ code: 1000 });
    expect(await exit).toBe(0);
  });

  it('ends at once when it comes twice', async () => {
    const { child, session, exit } = await launch([]);
    askStream(session, 8000);
    await session.frame(({ event }) => event === 'chunk');
    child.kill('SIGTERM');
    const registers = () => session.frames.filter(({ op }) => op === 'register').length;
    await session.frame(() => registers() === 2);
    child.kill('SIGINT');
    expect(await exit).toBe(1);
  });
});

describe('secrets', () => {
  it.each(['text', 'json'])('appear in no %s log and on no command line', async (format) => {
    const args = ['--registration-token', secret, '--upstream-api-key', 'sk-hidden'];
    const logging = ['--log-format', format, '--log-level', 'debug'];
    const { child, session, exit, output } = await launch([...args, ...logging]);
    const id = askStream(session, 1);
    await session.end(id);
    const commandLine = `/proc/${child.pid}/cmdline`;
    if (existsSync(commandLine)) {
      expect(readFileSync(commandLine, 'utf8')).not.toContain(secret);
    }
    child.kill('SIGTERM');
    await exit;
    expect(output()).toContain(id);
    for (const hidden of [secret, 'sk-hidden', prompt, 'canned demonstration']) {
      expect(output()).not.toContain(hidden);
    }
  });
});

describe('mistakes', () => {
  it('are listed all at once, and end with 2', async () => {
    const args = ['--concurrency', '0', '--market', 'ftp://x', '--log-format', 'xml'];
    const child = spawn(process.execPath, [main, ...args], { env: { PATH: process.env.PATH } });
    let text = '';
    child.stderr.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    const [code] = await once(child, 'close');
    expect(code).toBe(2);
    for (const name of ['--concurrency', '--market', '--log-format', '--username', '--upstream']) {
      expect(text).toContain(`${name} (WORKER_`);
    }
  });
});
