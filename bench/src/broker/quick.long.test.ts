import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import type { BrokerReport } from './broker-report.js';

// As `npm run bench` starts it.
const bootstrap = fileURLToPath(
  new URL('../../../deploy/one-machine/bootstrap.mjs', import.meta.url),
);

describe("the broker's bench", () => {
  it('measures every part beside the floor, and loses no worker in a storm', async () => {
    const args = [bootstrap, 'bench', 'broker', '--quick', '--json'];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    const { idle, storm, relay, bodies } = JSON.parse(stdout) as BrokerReport;
    for (const result of [idle?.broker, idle?.floor]) {
      expect(result?.sessions).toBe(300);
      expect(result?.kbAfter).toBeGreaterThan(result?.kbBefore ?? 0);
    }
    expect(storm?.sessions).toBe(300);
    expect(storm?.attempts).toBeGreaterThanOrEqual(300);
    expect(storm?.statements.total).toBeGreaterThan(0);
    for (const figures of [relay?.broker, relay?.floor]) {
      expect(figures?.delay.p99Ms).toBeGreaterThan(0);
      expect(figures?.floods.every(({ chunksPerS }) => chunksPerS > 0)).toBe(true);
    }
    expect(bodies?.map(({ mbPerS }) => mbPerS > 0)).toEqual([true, true, true, true]);
  }, 240_000);
});
