import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { kinds } from './endpoint-kind.js';

const main = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

describe('the bench of endpoints', () => {
  it('measures every kind by every way, and the ledger agrees with what was bought', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [
      ...[main, 'endpoints', '--quick', '--json'],
    ]);
    const { figures, bought, ledger } = JSON.parse(stdout) as {
      figures: {
        byKind: { title: string; ways: { rounds: { perS: number }[] }[] }[];
        firstWord: { firstWord: { p50: number } }[];
        memory: { figures: { failures: string[] } }[];
      };
      bought: number;
      ledger: { charged: number; violations: string[] };
    };
    expect(figures.byKind.map(({ title }) => title)).toEqual(kinds.map(({ title }) => title));
    for (const { ways } of figures.byKind) {
      expect(ways).toHaveLength(4);
      for (const { rounds } of ways) expect(rounds[0]?.perS).toBeGreaterThan(0);
    }
    expect(figures.firstWord).toHaveLength(4);
    expect(figures.memory).toHaveLength(6);
    expect(bought).toBeGreaterThan(0);
    expect(ledger).toMatchObject({ charged: bought, violations: [] });
  }, 600_000);
});
