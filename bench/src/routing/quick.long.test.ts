import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import type { RoutingReport } from './routing-report.js';
import { targetsOf } from './routing-report.js';

// As `npm run bench` starts it.
const bootstrap = fileURLToPath(
  new URL('../../../deploy/one-machine/bootstrap.mjs', import.meta.url),
);

describe("routing's bench", () => {
  it('measures every part, and holds each target against a figure', async () => {
    const args = [bootstrap, 'bench', 'routing', '--quick', '--json'];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    const report = JSON.parse(stdout) as RoutingReport;
    const { plans = [], signals, selections, sizes, failovers = [], spread } = report;
    const figures = [...plans.map(({ plan }) => plan), ...plans.map(({ service }) => service)];
    for (const { us, cpuUs } of figures) {
      expect(us.p50).toBeGreaterThan(0);
      expect(us.p99).toBeGreaterThanOrEqual(us.p50);
      expect(cpuUs).toBeGreaterThan(0);
    }
    expect(signals?.map(({ promptTokens }) => promptTokens)).toEqual([200, 16_000]);
    expect(selections).toHaveLength(4);
    expect(sizes?.map(({ workers }) => workers)).toEqual([100, 2_000]);
    for (const { fate, firstCalls } of failovers) {
      // Whoever refuses a connection sees nothing of it.
      expect([fate, firstCalls > 0]).toEqual([fate, fate !== 'refuses']);
    }
    expect(spread).toMatchObject({ replicas: 3, listings: 10_000, changes: 5 });
    const targets = targetsOf(report);
    expect(targets.map(({ limit }) => limit)).toEqual([200, 200, 200, 2_000, 1_000]);
    for (const { measured } of targets) expect(measured).toBeGreaterThan(0);
  }, 240_000);
});
