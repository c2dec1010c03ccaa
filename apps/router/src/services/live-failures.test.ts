import type { AttemptEnded } from '@aisbf/contracts';
import { describe, expect, it } from '@jest/globals';
import { LiveFailures, LiveFailuresSettings } from './live-failures.js';

const ended = (changes: Partial<AttemptEnded>): AttemptEnded => ({
  ...{ type: 'attempt-ended', providerId: 'p', model: 'm', sessionId: null, isSuccess: false },
  ...{ reason: 'egress_refused', retryAfterMs: null, firstByteMs: null, atMs: 5, ...changes },
});

describe(LiveFailures, () => {
  it('keeps the latest failure of each model, whatever succeeds or arrives late', () => {
    const failures = new LiveFailures(new LiveFailuresSettings(10));
    expect(failures.lastOf('p', 'm')).toBeUndefined();
    failures.onAttemptEnded(ended({}));
    failures.onAttemptEnded(ended({ model: 'other', reason: 'redirected' }));
    failures.onAttemptEnded(ended({ isSuccess: true, reason: null, atMs: 9 }));
    failures.onAttemptEnded(ended({ reason: 'timeout', atMs: 4 }));
    expect(failures.lastOf('p', 'm')).toEqual({ reason: 'egress_refused', atMs: 5 });
    failures.onAttemptEnded(ended({ reason: 'timeout', atMs: 6 }));
    expect(failures.lastOf('p', 'm')).toEqual({ reason: 'timeout', atMs: 6 });
  });

  it('forgets those of the longest ago first', () => {
    const failures = new LiveFailures(new LiveFailuresSettings(2));
    for (const [index, model] of ['a', 'b', 'a', 'c'].entries()) {
      failures.onAttemptEnded(ended({ model, atMs: index }));
    }
    expect(['a', 'b', 'c'].map((model) => failures.lastOf('p', model)?.atMs)).toEqual([
      2,
      undefined,
      3,
    ]);
  });
});
