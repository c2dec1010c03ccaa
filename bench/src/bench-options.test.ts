import { describe, expect, it } from '@jest/globals';
import { benchCommand } from './bench-options.js';

describe(benchCommand, () => {
  it('measures the gateway where nothing else is said', () => {
    expect(benchCommand([])).toMatchObject({ name: 'gateway', options: { rounds: 5 } });
    expect(benchCommand(['--quick'])).toMatchObject({ name: 'gateway', options: { rounds: 1 } });
    expect(benchCommand(['gateway', '--buyers', '1'])).toMatchObject({
      name: 'gateway',
      options: { buyers: 1, isQuick: false },
    });
  });

  it('measures the broker where that is said', () => {
    expect(benchCommand(['broker'])).toMatchObject({
      name: 'broker',
      options: { sessions: 10_000, streams: 200, isQuick: false, only: undefined },
    });
    expect(
      benchCommand(['broker', '--quick', '--only', 'storm,relay', '--sessions', '50']),
    ).toMatchObject({
      name: 'broker',
      options: { isQuick: true, sessions: 50, only: ['storm', 'relay'] },
    });
  });

  it('refuses what makes no sense', () => {
    for (const args of [
      ['router'],
      ['broker', '--buyers', '1'],
      ['broker', '--only', 'nginx'],
      ['broker', '--sessions', '0'],
      ['broker', '--sessions', '20000'],
      ['--only', 'idle'],
      ['--rounds', '1.5'],
    ]) {
      expect(() => benchCommand(args)).toThrow();
    }
  });
});
