import { describe, expect, it } from '@jest/globals';
import { presentSession } from '../../test/admit-request.js';
import type { Offer } from './offer.js';
import { openPolicy } from './provider-policy.js';
import { workerRejection } from './upstream.js';

const owned = { ownerId: 'anna', username: 'anna', createdAtMs: 1 };
const offer: Offer = {
  provider: {
    ...{ ...owned, id: 'rig', name: 'rig', isEnabled: true },
    data: { isCollected: null, isRetained: null, region: null },
    policy: { ...openPolicy, endpoints: ['chat.completions', 'pipelines.run'] },
    source: { kind: 'coderai', clientIds: null, registrations: [] },
  },
  ...{ model: 'm', prices: {}, feeBps: 500, isOwn: false, isPaused: false },
};
const session = {
  ...presentSession({ id: 'rig', ownerId: 'anna', username: 'anna' }, ['m']),
  endpoints: ['/v1/pipelines/{id}/run', '/v1/loras'],
};
const asked = (studioPath: string) => ({
  ...{ endpoint: 'studio' as const, studioPath, bodyBytes: 0, promptTokens: 0 },
  ...{ frameOverheadBytes: 0, sessionQueuedMax: 4 },
});

describe(workerRejection, () => {
  it("keeps from others what an owner does not allow of a worker's own paths", () => {
    expect(workerRejection(offer, session, asked('/v1/pipelines/fast/run'))).toBeUndefined();
    const rejection = workerRejection(offer, session, asked('/v1/loras'));
    expect(rejection).toBe('endpoint_not_allowed');
    expect(workerRejection({ ...offer, isOwn: true }, session, asked('/v1/loras'))).toBeUndefined();
  });

  it('tells that before what passes', () => {
    const draining = { ...session, state: 'draining' as const };
    expect(workerRejection(offer, draining, asked('/v1/loras'))).toBe('endpoint_not_allowed');
    expect(workerRejection(offer, draining, asked('/v1/pipelines/fast/run'))).toBe('draining');
  });

  it('says nothing of the owner where the worker lacks the path or the model', () => {
    expect(workerRejection(offer, session, asked('/v1/unheard'))).toBe('endpoint_unsupported');
    const another = { ...offer, model: 'another' };
    expect(workerRejection(another, session, asked('/v1/loras'))).toBe('not_offered');
  });
});
