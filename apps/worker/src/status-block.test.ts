import { describe, expect, it } from '@jest/globals';
import type { Status } from './status.js';
import { statusBlock } from './status-block.js';

const status: Status = {
  market: {
    state: 'connected',
    url: 'wss://market.example/api/u/ann/coderai/wss',
    session: 's-1',
    sinceMs: 0,
    retryAtMs: undefined,
    reason: undefined,
    next: undefined,
  },
  upstream: {
    url: 'http://localhost:11434/v1',
    health: 'up',
    models: ['llama3', 'fast'],
    reason: undefined,
    next: undefined,
  },
  requests: {
    running: 1,
    placesMax: 4,
    served: 12,
    failed: 2,
    cancelled: 0,
    tokens: 12_345,
    tokensPerSecond: 42.4,
  },
};

describe(statusBlock, () => {
  it('says how it stands', () => {
    expect(statusBlock('worker', status, 190_000, 120)).toEqual([
      'worker',
      'market    ● connected for 3 min to wss://market.example/api/u/ann/coderai/wss, session s-1',
      'upstream  ● http://localhost:11434/v1',
      'on sale   2: llama3, fast',
      'requests  1 of 4 running · 12 served · 2 failed',
      'speed     42 tokens/s now · 12,345 tokens in all',
    ]);
  });

  it('says what is wrong and what to do, nearest to the seller first', () => {
    const waiting: Status = {
      ...status,
      market: {
        ...status.market,
        state: 'waiting',
        retryAtMs: 45_000,
        reason: 'market refused the connection with HTTP 401: registration rejected',
        next: 'compare the token',
      },
    };
    const lines = statusBlock('worker', waiting, 0, 120);
    expect(lines).toContain(
      'market    ✗ market refused the connection with HTTP 401: registration rejected (again in 45 s)',
    );
    expect(lines).toContain('on sale   nothing until connected; then 2: llama3, fast');
    expect(lines.at(-1)).toBe('do next   compare the token');
    const upstream = { ...status.upstream, health: 'down', models: [], reason: 'refused' } as const;
    const down = { ...waiting, upstream: { ...upstream, next: 'start the server' } };
    const text = statusBlock('worker', down, 0, 120);
    expect(text).toContain('upstream  ✗ http://localhost:11434/v1: refused');
    expect(text).toContain('on sale   nothing');
    expect(text.at(-1)).toBe('do next   start the server');
  });

  it.each([
    ['connecting', '○ connecting to wss://'],
    ['leaving', '○ leaving'],
  ] as const)('shows that it is %s', (state, text) => {
    const lines = statusBlock('w', { ...status, market: { ...status.market, state } }, 0, 120);
    expect(lines[1]).toContain(text);
  });

  it.each([
    [59_000, '59 s'],
    [3_540_000, '59 min'],
    [90_000_000, '25 h 0 min'],
    [864_000_000, '10 days'],
    [-5, '0 s'],
  ])('tells %i ms as %s', (ms, text) => {
    expect(statusBlock('w', status, ms, 120)[1]).toContain(`for ${text} to`);
  });

  it('keeps every line within the terminal, and control characters out of it', () => {
    const models = ['\u001b[31mred\u0007', 'モデル'.repeat(30), 'x'.repeat(300)];
    const odd = { ...status, upstream: { ...status.upstream, models } };
    for (const columns of [5, 40, 80]) {
      for (const line of statusBlock('title', odd, 0, columns)) {
        expect(line.length).toBeLessThan(Math.max(20, columns));
        expect(line).not.toMatch(/\p{Cc}/u);
      }
    }
  });
});
