import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { indexCatalogue, type Provider } from './catalogue.js';
import { endedWorkers } from './ended-workers.js';
import type { Registration } from './registration.js';
import { workerVerdict } from './worker-verdict.js';

const nowMs = 1_000;

const registration = (id: string, ends: Partial<Registration> = {}): Registration => ({
  id,
  publicId: id,
  tokenHash: `hash of ${id}`,
  createdAtMs: 0,
  expiresAtMs: null,
  revokedAtMs: null,
  ...ends,
});
const registrations = [
  registration('good'),
  registration('old', { expiresAtMs: nowMs }),
  registration('taken', { revokedAtMs: 5 }),
];
const provider = (id: string, changes: Partial<Provider> = {}): Provider => ({
  id,
  ownerId: 'anna-id',
  username: 'anna',
  name: id,
  isEnabled: true,
  createdAtMs: 0,
  data: { isCollected: null, isRetained: null, region: null },
  source: { kind: 'coderai', clientIds: null, registrations },
  ...changes,
});
const catalogue = indexCatalogue({
  revision: 1,
  listings: [],
  rotations: [],
  usageChecks: [],
  sellerFees: new Map(),
  providers: [
    provider('rig'),
    provider('picky', {
      source: { kind: 'coderai', clientIds: new Set(['client-1']), registrations },
    }),
    provider('off', { isEnabled: false }),
    provider('cloud', {
      source: { kind: 'openai', baseUrl: 'https://x.example/v1', headers: {}, models: new Map() },
    }),
  ],
});

const worker = (providerId: string, registrationId: string | null, clientId = 'client-1') => ({
  providerId,
  registrationId,
  clientId,
});

describe(endedWorkers, () => {
  it.each([
    ['whose registration is good', worker('rig', 'good')],
    ['of whom nobody knows what it came with', worker('rig', null)],
    ['that is listed', worker('picky', 'good')],
  ])('lets a worker stay %s', (_, one) => {
    expect(endedWorkers([one], catalogue, nowMs)).toEqual([]);
  });

  it.each([
    [worker('gone', 'good'), { reason: 'provider_disabled' }],
    [worker('off', 'good'), { reason: 'provider_disabled' }],
    [worker('cloud', null), { reason: 'provider_disabled' }],
    [worker('picky', 'good', 'client-2'), { reason: 'client_not_allowed', clientId: 'client-2' }],
    [worker('rig', 'old'), { reason: 'token_expired', registrationId: 'old' }],
    [worker('rig', 'taken'), { reason: 'token_revoked', registrationId: 'taken' }],
    [worker('rig', 'unknown'), { reason: 'token_revoked', registrationId: 'unknown' }],
  ])('says of %j what would have been announced', (one, ended) => {
    expect(endedWorkers([one], catalogue, nowMs)).toEqual([
      { type: 'registration-revoked', providerId: one.providerId, ...ended },
    ]);
  });

  it('tells once what ends many', () => {
    const many = Array.from({ length: 50 }, (_, number) => worker('rig', 'old', `c-${number}`));
    expect(endedWorkers([...many, worker('rig', 'good')], catalogue, nowMs)).toHaveLength(1);
  });

  it('lets stay exactly those that would be let in', () => {
    const one = fc.record({
      providerId: fc.constantFrom('rig', 'picky', 'off', 'cloud', 'gone'),
      registrationId: fc.constantFrom('good', 'old', 'taken', 'unknown'),
      clientId: fc.constantFrom('client-1', 'client-2'),
    });
    fc.assert(
      fc.property(one, ({ providerId, registrationId, clientId }) => {
        const verdict = workerVerdict(
          {
            type: 'admit-worker',
            pathUsername: 'anna',
            username: 'anna',
            providerName: providerId,
            clientId,
            registrationToken: registrationId,
          },
          catalogue,
          { isTokenOf: (token, hash) => hash === `hash of ${token}`, nowMs },
        );
        const ended = endedWorkers(
          [worker(providerId, registrationId, clientId)],
          catalogue,
          nowMs,
        );
        expect(ended.length === 0).toBe(verdict.type === 'worker-admitted');
      }),
    );
  });
});
