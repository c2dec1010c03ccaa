import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { type Frame, type MarketSession, payloadOf } from './scripted-market.js';
import { endProcesses, launch, secret, workerMain } from './worker-process.js';

const prompt = 'the-prompt-that-nobody-logs';

afterEach(endProcesses);

function askStream(session: MarketSession, tokens: number): string {
  const messages = [{ role: 'user', content: prompt }];
  const payload = { model: 'demo-small', stream: true, min_tokens: tokens, messages };
  return session.ask('chat.completions', payload);
}

describe('SIGTERM', () => {
  it('leaves the market, takes nothing new, finishes what runs and ends with 0', async () => {
    const { child, session, exit } = await launch(['--demo']);
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
    const { child, session, exit } = await launch(['--demo'], { WORKER_DRAIN_GRACE_MS: '50' });
    askStream(session, 8000);
    await session.frame(({ event }) => event === 'chunk');
    child.kill('SIGTERM');
    expect(await session.closed).toMatchObject({ code: 1000 });
    expect(await exit).toBe(0);
  });

  it('ends at once when it comes twice', async () => {
    const { child, session, exit } = await launch(['--demo']);
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
    const args = ['--demo', '--registration-token', secret, '--upstream-api-key', 'sk-hidden'];
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
    const child = spawn(process.execPath, [workerMain, ...args], {
      env: { PATH: process.env.PATH },
    });
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

let folder = '';

function inFolder(name: string, content: string, mode = 0o600): string {
  folder ||= mkdtempSync(join(tmpdir(), 'aisbf-worker-'));
  const path = join(folder, name);
  writeFileSync(path, content);
  chmodSync(path, mode);
  return path;
}

afterEach(() => {
  if (folder !== '') rmSync(folder, { recursive: true });
  folder = '';
});

describe('a configuration file', () => {
  it('is enough, and what it holds besides is named once', async () => {
    const { session, output, child, exit } = await launch(['--demo'], {}, (market) => {
      const broker = { enabled: true, base_url: market.url, client_id: 'c-1', colour: secret };
      return ['--config', inFolder('config.json', JSON.stringify({ broker, other: {} }))];
    });
    expect(session.request.url).toContain('client_id=c-1');
    child.kill('SIGTERM');
    expect(await exit).toBe(0);
    expect(output().match(/settings=broker.colour,other/g)).toHaveLength(1);
    expect(output()).not.toContain(secret);
  });

  it('of the registration token is read again when the market has revoked it', async () => {
    const tokenFile = inFolder('token', 'first');
    const env = {
      WORKER_REGISTRATION_TOKEN: '',
      WORKER_RECONNECT_MS_MAX: '20',
    };
    const args = ['--demo', '--registration-token-file', tokenFile];
    const { market, session } = await launch(args, env);
    expect(session.request.headers['x-coderai-registration-token']).toBe('first');
    writeFileSync(tokenFile, 'second\n');
    session.socket.close(4003, 'token replaced');
    const { request } = await market.session(1);
    expect(request.headers['x-coderai-registration-token']).toBe('second');
  });
});

describe('the display', () => {
  it('shows the state in place, and what is wrong above it', async () => {
    const { session, output, child, exit } = await launch(['--demo', '--display', 'block']);
    await session.end(askStream(session, 5));
    session.send({ status: 'error', error: { code: 'odd', message: '\u001b[2Jclear' } });
    const id = askStream(session, 40);
    await session.end(id);
    child.kill('SIGTERM');
    expect(await exit).toBe(0);
    expect(output()).toMatch(/market +● connected for \d+ s to ws:/);
    expect(output()).toMatch(/requests +0 of 4 running · 2 served · 0 failed/);
    expect(output()).toMatch(/warn +market rejected a message code=odd message=\[2Jclear/);
    expect(output()).toContain('\u001b[6A\u001b[J');
    expect(output()).not.toContain('request ended');
  });

  it('is lines where nobody looks on', async () => {
    const { session, output, child, exit } = await launch(['--demo']);
    await session.end(askStream(session, 5));
    child.kill('SIGTERM');
    expect(await exit).toBe(0);
    expect(output()).toContain('request ended');
    expect(output()).not.toContain('\u001b');
  });
});

describe('graphics cards', () => {
  const driver = (script: string): string => {
    const path = inFolder('nvidia-smi', `#!/bin/sh\n${script}\n`, 0o755);
    return dirname(path);
  };
  const card = (freeMb: number): string => `echo "0, Test Card, 1000, ${freeMb}, 200"`;
  const hardwareOf = (frame: Frame): Frame => payloadOf(frame).hardware as Frame;

  it('are told at first, and with what is free of them in each heartbeat', async () => {
    const env = { PATH: driver(card(800)), WORKER_HEARTBEAT_EVERY_MS: '50' };
    const { session } = await launch(['--demo'], env);
    expect(hardwareOf(await session.op('register'))).toMatchObject({
      gpus: [{ name: 'Test Card', vendor: 'nvidia', total_vram_mb: 1000 }],
      gpu_count: 1,
      available_vram_mb: 800,
    });
    const beat = (fits: (hardware: Frame) => boolean) =>
      session.frame((frame) => frame.op === 'heartbeat' && fits(hardwareOf(frame)));
    driver(card(10));
    await beat(({ available_vram_mb: free }) => free === 10);
    driver('exit 9');
    await beat(({ gpu_count: count }) => count === 0);
  });

  it('are still there while their driver does not answer', async () => {
    const env = { PATH: driver(card(800)), WORKER_HEARTBEAT_EVERY_MS: '50' };
    const { session } = await launch(['--demo'], env);
    driver('exec /bin/sleep 30');
    const seen = session.frames.length;
    const isLate = (frame: Frame) =>
      frame.op === 'heartbeat' && session.frames.indexOf(frame) > seen + 3;
    expect(hardwareOf(await session.frame(isLate))).toMatchObject({
      gpu_count: 1,
      available_vram_mb: 800,
    });
  });
});
