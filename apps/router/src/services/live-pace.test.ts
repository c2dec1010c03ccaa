import { randomUUID } from 'node:crypto';
import type { AttemptEnded } from '@aisbf/contracts';
import { Clock } from '@aisbf/platform';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { LivePace, PaceSettings } from './live-pace.js';

class SetClock extends Clock {
  at = 1_000_000_000;

  nowMs(): number {
    return this.at;
  }
}

const providerId = randomUUID();
let clock: SetClock;

beforeEach(() => {
  clock = new SetClock();
});

const ended = (changes: Partial<AttemptEnded> = {}): AttemptEnded => ({
  type: 'attempt-ended',
  providerId,
  model: 'llama',
  sessionId: null,
  isSuccess: true,
  reason: null,
  retryAfterMs: null,
  firstByteMs: 100,
  streamMs: 1_000,
  outputTokens: 50,
  atMs: clock.at,
  ...changes,
});

describe('LivePace', () => {
  it('learns from streams that went well, and from nothing else', () => {
    const pace = new LivePace(clock, new PaceSettings(1, 10));
    pace.onAttemptEnded(ended({ isSuccess: false }));
    const { streamMs: _ms, outputTokens: _tokens, ...whole } = ended();
    pace.onAttemptEnded(whole);
    expect(pace.size).toBe(0);
    pace.onAttemptEnded(ended());
    expect(pace.of(providerId, 'llama').firstMs?.p50).toBeCloseTo(100, -1);
    expect(pace.of(providerId, 'other')).toEqual({ firstMs: null, tokensPerS: null });
  });

  it('knows of one that was outrun how long it takes at least', () => {
    const pace = new LivePace(clock, new PaceSettings(1, 10));
    const outrun = { providerId, model: 'llama', sessionId: null, waitedMs: 900, atMs: clock.at };
    pace.onOutrun({ type: 'attempt-outrun', ...outrun });
    const { firstMs, tokensPerS } = pace.of(providerId, 'llama');
    expect([tokensPerS, Math.round((firstMs?.p50 ?? 0) / 100)]).toEqual([null, 9]);
  });

  it('remembers so many models and no more, and forgets the one that rested longest', () => {
    const pace = new LivePace(clock, new PaceSettings(1, 2));
    for (const model of ['a', 'b', 'a', 'c']) pace.onAttemptEnded(ended({ model }));
    expect(pace.size).toBe(2);
    expect(['a', 'b', 'c'].map((model) => pace.of(providerId, model).firstMs !== null)).toEqual([
      true,
      false,
      true,
    ]);
  });

  it('is not put out by a gateway whose clock is ahead', () => {
    const pace = new LivePace(clock, new PaceSettings(2, 10));
    pace.onAttemptEnded(ended({ atMs: clock.at + 3_600_000_000 }));
    pace.onAttemptEnded(ended());
    expect(pace.of(providerId, 'llama').firstMs).not.toBeNull();
  });

  it('reads the same figures for a second, and then those of then', () => {
    const pace = new LivePace(clock, new PaceSettings(1, 10));
    pace.onAttemptEnded(ended());
    const before = pace.of(providerId, 'llama');
    for (let count = 0; count < 9; count += 1) pace.onAttemptEnded(ended({ firstByteMs: 9_000 }));
    expect(pace.of(providerId, 'llama')).toBe(before);
    clock.at += 1_000;
    expect(pace.of(providerId, 'llama').firstMs?.p50).toBeGreaterThan(8_000);
  });
});
