import { randomUUID } from 'node:crypto';
import type { ProbeEnded } from '@aisbf/contracts';
import { describe, expect, it } from '@jest/globals';
import { LiveProbes, LiveProbesSettings } from './live-probes.js';

const providerId = randomUUID();
const target = { kind: 'completion', providerId, sessionId: null, model: 'm' } as const;
const ended = (changes: Partial<ProbeEnded> = {}): ProbeEnded => ({
  ...{ type: 'probe-ended', ...target, outcome: 'failed', reason: 'timeout' },
  ...{ retryAfterMs: null, firstMs: null, tookMs: 5, atMs: 1_000 },
  ...changes,
});
const after = (...facts: readonly ProbeEnded[]) => {
  const probes = new LiveProbes(new LiveProbesSettings(2));
  for (const fact of facts) probes.onProbeEnded(fact);
  return probes;
};

describe('LiveProbes', () => {
  it('counts failures in a row: what is unclear neither adds one nor ends them', () => {
    const unclear = { outcome: 'unclear', reason: 'worker_busy' } as const;
    const well = { outcome: 'well', reason: null } as const;
    expect(after(ended(), ended()).of(target)?.failures).toBe(2);
    expect(after(ended(), ended(unclear), ended()).of(target)?.failures).toBe(2);
    expect(after(ended(), ended(well)).of(target)?.failures).toBe(0);
    expect(after(ended(), ended(well), ended()).of(target)?.failures).toBe(1);
  });

  it('begins anew when a buyer was served', () => {
    const probes = after(ended(), ended());
    probes.onServed({ providerId, sessionId: null, model: 'n' });
    expect(probes.of(target)?.failures).toBe(2);
    probes.onServed(target);
    expect(probes.of(target)?.failures).toBe(0);
  });

  it('keeps the later one of two that arrive in the wrong order', () => {
    const late = ended({ atMs: 900, outcome: 'well', reason: null });
    expect(after(ended(), late).of(target)).toMatchObject({ failures: 1, ended: ended() });
  });

  it('keeps what is of one target from what is of another, and forgets the one probed longest ago', () => {
    const probes = after(ended(), ended({ model: 'n' }), ended({ kind: 'models', model: null }));
    expect(probes.size).toBe(2);
    expect(probes.of(target)).toBeUndefined();
    expect(probes.ofProvider(providerId).map((one) => one.ended.model)).toEqual(['n', null]);
    expect(probes.ofProvider(randomUUID())).toEqual([]);
  });
});
