import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { findSurvivors } from './survivor.js';
import { until } from './until.js';

const command = join(import.meta.dirname, '../dist/run-tests.js');

describe('the test command', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nested-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  function start(...args: string[]) {
    const child = spawn(process.execPath, [command, ...args], {
      env: { ...process.env, TMPDIR: folder },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    child.stderr.resume();
    return { child, exited: once(child, 'exit'), output: () => output };
  }

  async function expectNothingLeft(): Promise<void> {
    await until(async () => (await readdir(folder)).length === 0, {
      message: 'the folder is empty',
    });
    await until(async () => (await findSurvivors(folder)).length === 0, {
      message: 'no process is left',
    });
  }

  it('ends with one plain line and success', async () => {
    const { exited, output } = start('libs/testkit/src/until.test.ts');
    expect((await exited)[0]).toBe(0);
    expect(output()).toMatch(/\n\d+ passed, 0 failed\n$/);
    await expectNothingLeft();
  }, 60_000);

  it('fails where no test ran', async () => {
    const { exited, output } = start('no/such/test');
    expect((await exited)[0]).toBe(1);
    expect(output()).toMatch(/\n0 passed, 0 failed\n$/);
    await expectNothingLeft();
  }, 60_000);

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGKILL', null],
  ] as const)(
    'leaves nothing behind after %s',
    async (signal, code) => {
      const { child, exited, output } = start('libs/testkit/src/boundaries.test.ts');
      await until(() => output().includes('tests: parts'), { timeoutMs: 30_000 });
      child.kill(signal);
      expect((await exited)[0]).toBe(code);
      await expectNothingLeft();
    },
    60_000,
  );
});
