import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Daemon, type DaemonPlan } from './daemon.js';
import { inRepository } from './repository.js';
import { type ThrowAwayFolder, throwAwayFolder } from './throw-away-folder.js';

let folder: ThrowAwayFolder;
beforeAll(async () => {
  folder = await throwAwayFolder();
});
afterAll(() => folder.remove());

const shell = (name: string, script: string, changes: Partial<DaemonPlan> = {}) =>
  new Daemon({
    name,
    command: '/bin/sh',
    args: ['-c', script],
    env: { PATH: process.env.PATH ?? '' },
    cwd: folder.path,
    logFile: join(folder.path, `${name}.log`),
    stopSignal: 'SIGTERM',
    stopGraceMs: 200,
    readyTimeoutMs: 5_000,
    isReady: () => Promise.resolve(true),
    ...changes,
  });

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  const deadlineMs = Date.now() + 10_000;
  while (!(await isTrue())) {
    if (Date.now() > deadlineMs) throw new Error('It did not come true.');
    await delay(20);
  }
}

const isThere = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );

describe(Daemon, () => {
  it('waits until it is ready, and stops it when asked', async () => {
    const path = join(folder.path, 'ready');
    const daemon = shell('polite', `touch ${path}; exec sleep 60`, {
      isReady: () => isThere(path),
    });
    await daemon.start();
    expect(daemon.isRunning).toBe(true);
    const { exited } = daemon;
    await daemon.stop();
    expect(await exited).toEqual({ code: null, signal: 'SIGTERM' });
    expect(daemon.pid).toBeUndefined();
  });

  it('kills what does not stop, with everything it started', async () => {
    const daemon = shell(
      'stubborn',
      `trap '' TERM; sleep 60 & echo $! > child; echo up; wait; wait`,
      {
        isReady: async () =>
          (await readFile(join(folder.path, 'stubborn.log'), 'utf8')).includes('up'),
      },
    );
    await daemon.start();
    const child = Number(await readFile(join(folder.path, 'child'), 'utf8'));
    const { exited } = daemon;
    await daemon.stop();
    expect(await exited).toMatchObject({ signal: 'SIGKILL' });
    await until(() => !isAlive(child));
  });

  it('says what it wrote when it ends before it is ready', async () => {
    const daemon = shell('broken', 'echo the reason >&2; exit 3', {
      isReady: () => Promise.resolve(false),
    });
    await expect(daemon.start()).rejects.toThrow(/broken ended before it was ready.*the reason/s);
  });

  it('does not wait for ever', async () => {
    const daemon = shell('slow', 'echo thinking; exec sleep 60', {
      isReady: () => Promise.resolve(false),
      readyTimeoutMs: 200,
    });
    await expect(daemon.start()).rejects.toThrow(/not ready within 0.2 s.*thinking/s);
    expect(daemon.isRunning).toBe(false);
  });

  it('names a program that is not there', async () => {
    const daemon = shell('nothing', '', { command: '/does/not/exist' });
    await expect(daemon.start()).rejects.toThrow(/nothing could not be started: .*ENOENT/);
  });

  it('starts again as it was', async () => {
    const daemon = shell('again', 'echo run; exec sleep 60');
    const log = () => readFile(daemon.logFile, 'utf8');
    await daemon.start();
    await until(async () => (await log()) === 'run\n');
    await daemon.kill();
    await daemon.restart();
    await until(async () => (await log()) === 'run\nrun\n');
    await daemon.stop();
  });
});

describe('guard', () => {
  /** A process that starts a server and a throw-away folder, says so, and never cleans up. */
  const parent = (script: string) => `
    import { mkdirSync } from 'node:fs';
    import { Daemon, guard } from ${JSON.stringify(pathToFileURL(inRepository('libs/one-machine/dist/index.js')))};
    const daemon = new Daemon({
      name: 'orphan', command: '/bin/sh', args: ['-c', ${JSON.stringify(script)}],
      env: { PATH: process.env.PATH }, logFile: ${JSON.stringify(join(folder.path, 'orphan.log'))},
      stopSignal: 'SIGTERM', stopGraceMs: 1000, readyTimeoutMs: 1000, isReady: async () => true,
    });
    const folder = ${JSON.stringify(join(folder.path, 'litter'))};
    guard.removeAtEnd(folder);
    mkdirSync(folder);
    await daemon.start();
    console.log(daemon.pid);
    process.stdin.resume();
  `;

  it.each([
    ['SIGKILL', 'a server that obeys', 'exec sleep 60'],
    ['SIGTERM', 'a server that does not', "trap '' TERM; sleep 60 & wait; sleep 60"],
  ] as const)(
    'deletes folders when their starter ends by %s, and stops %s',
    async (signal, _what, server) => {
      const script = join(folder.path, 'parent.mjs');
      await writeFile(script, parent(server));
      const child = spawn(process.execPath, [script], { stdio: ['pipe', 'pipe', 'inherit'] });
      const [line] = await once(child.stdout, 'data');
      const pid = Number(String(line));
      expect(isAlive(pid)).toBe(true);
      child.kill(signal);
      await until(() => !isAlive(pid));
      await until(async () => !(await isThere(join(folder.path, 'litter'))));
    },
  );
});
