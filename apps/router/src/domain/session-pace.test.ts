import { describe, expect, it } from '@jest/globals';
import { presentSession } from '../../test/admit-request.js';
import { paceOfSessions } from './session-pace.js';

const rig = { id: 'rig', ownerId: 'owner', username: 'sam' };
const present = (requests: number, firstMs: number | null, model = 'llama') => ({
  session: presentSession(rig, [model], {
    measured: { requests, successRate: 1, firstMs, chunksPerSecond: firstMs && 10_000 / firstMs },
  }),
  brokerId: 'broker',
  brokerUrl: 'http://broker:1',
});

describe(paceOfSessions, () => {
  it('knows the median alone, of the machines that serve most', () => {
    const pace = paceOfSessions([present(10, 500), present(90, 100), present(10, 900)], 'llama');
    expect(pace.firstMs).toEqual({ p50: 100, p75: Infinity, p90: Infinity, p99: Infinity });
    expect(pace.tokensPerS).toEqual({ p50: 100, p75: 0, p90: 0, p99: 0 });
  });

  it('knows nothing where nothing was measured, or of another model', () => {
    const unmeasured = { ...present(1, 1), session: presentSession(rig, ['llama']) };
    for (const sessions of [[], [unmeasured], [present(5, null)], [present(5, 10, 'other')]]) {
      expect(paceOfSessions(sessions, 'llama')).toEqual({ firstMs: null, tokensPerS: null });
    }
  });
});
