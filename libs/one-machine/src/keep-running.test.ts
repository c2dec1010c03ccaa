import { describe, expect, it } from '@jest/globals';
import type { DaemonExit } from './daemon.js';
import { keepRunning } from './keep-running.js';

const limits = { backOffMsMin: 1, backOffMsMax: 4, failuresMax: 3, steadyMs: 60_000 };

/** A service whose deaths the test decides. */
function fakePart(restart: (times: number) => Promise<void> = () => Promise.resolve()) {
  let life = Promise.withResolvers<DaemonExit>();
  let restarts = 0;
  const restarted: (() => void)[] = [];
  return {
    die: () => life.resolve({ code: 1, signal: null }),
    restarts: () => restarts,
    nextRestart: () => new Promise<void>((resolve) => restarted.push(resolve)),
    part: {
      name: 'gateway',
      logFile: 'gateway.log',
      get exited() {
        return life.promise;
      },
      restart: async () => {
        restarts += 1;
        life = Promise.withResolvers();
        for (const resolve of restarted.splice(0)) resolve();
        await restart(restarts).catch((error: unknown) => {
          life.resolve({ code: 1, signal: null });
          throw error;
        });
      },
    },
  };
}

describe(keepRunning, () => {
  it('starts again what ended by itself, and says so', async () => {
    const { part, die, nextRestart } = fakePart();
    const lines: string[] = [];
    const stop = keepRunning({
      parts: [part],
      report: (line) => lines.push(line),
      giveUp: () => undefined,
      limits,
    });
    const restarted = nextRestart();
    die();
    await restarted;
    stop();
    expect(lines[0]).toBe('gateway ended by itself (code 1); starting it again in 0.001 s');
  });

  it('gives up on what keeps failing', async () => {
    const { part, die, restarts } = fakePart(() => Promise.reject(new Error('no settings')));
    const reason = await new Promise<string>((resolve) => {
      keepRunning({ parts: [part], report: () => undefined, giveUp: resolve, limits });
      die();
    });
    expect(reason).toBe('gateway keeps ending; see gateway.log');
    expect(restarts()).toBe(limits.failuresMax);
  });

  it('leaves alone what is being stopped', async () => {
    const { part, die, restarts } = fakePart();
    const lines: string[] = [];
    const stop = keepRunning({
      parts: [part],
      report: (line) => lines.push(line),
      giveUp: (reason) => lines.push(reason),
      limits,
    });
    stop();
    die();
    await part.exited;
    expect(restarts()).toBe(0);
    expect(lines).toEqual([]);
  });
});
