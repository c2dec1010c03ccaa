import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { targetNames } from './target.js';

const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));

describe('the bench command', () => {
  it('measures every target, and the ledger agrees with what was bought', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [main, '--quick', '--json']);
    const report = JSON.parse(stdout) as {
      rounds: Record<string, { requestsPerS: number; streamsPerS: number; failures: string[] }[]>;
      skipped: { name: string }[];
      bought: number;
      ledger: { charged: number; violations: string[] };
    };
    const skipped = report.skipped.map(({ name }) => name);
    for (const name of targetNames.filter((target) => !skipped.includes(target))) {
      const [round] = report.rounds[name] ?? [];
      expect([name, round?.failures]).toEqual([name, []]);
      expect(round?.requestsPerS).toBeGreaterThan(0);
      expect(round?.streamsPerS).toBeGreaterThan(0);
    }
    expect(report.bought).toBeGreaterThan(0);
    expect(report.ledger).toMatchObject({ charged: report.bought, violations: [] });
  }, 240_000);
});
