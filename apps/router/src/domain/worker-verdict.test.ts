import type { AdmitWorker } from '@aisbf/contracts';
import { describe, expect, it } from '@jest/globals';
import { registrationOf, workerProvider } from '../../test/worker-provider.js';
import { indexCatalogue, type Provider } from './catalogue.js';
import type { Registration } from './registration.js';
import { workerVerdict } from './worker-verdict.js';

const nowMs = 1_000;

const registration = (token: string, ends: Partial<Registration> = {}) =>
  registrationOf(`${token}-id`, { publicId: token, tokenHash: `hash of ${token}`, ...ends });

const registrations = [
  registration('right'),
  registration('brief', { expiresAtMs: nowMs + 1 }),
  registration('old', { expiresAtMs: nowMs }),
  registration('taken', { revokedAtMs: 5, expiresAtMs: 6 }),
];

const worker = (
  changes: Partial<Provider>,
  clientIds: ReadonlySet<string> | null = null,
): Provider => ({ ...workerProvider(registrations, clientIds), ...changes });

const catalogue = indexCatalogue({
  revision: 1,
  listings: [],
  rotations: [],
  usageChecks: [],
  sellerFees: new Map(),
  providers: [
    worker({}),
    worker({ id: 'picky-id', name: 'picky' }, new Set(['client-1'])),
    worker({ id: 'off-id', name: 'off', isEnabled: false }),
    worker({ id: 'global-id', username: 'global', ownerId: 'operator-id', name: 'house' }),
    worker({
      id: 'cloud-id',
      name: 'cloud',
      source: { kind: 'openai', baseUrl: 'https://x.example/v1', headers: {}, models: new Map() },
    }),
  ],
});

const verdict = (changes: Partial<AdmitWorker>) =>
  workerVerdict(
    {
      type: 'admit-worker',
      pathUsername: 'anna',
      username: 'anna',
      providerName: 'rig',
      clientId: 'client-1',
      registrationToken: 'right',
      ...changes,
    },
    catalogue,
    { isTokenOf: (token, hash) => hash === `hash of ${token}`, nowMs },
  );

describe('workerVerdict', () => {
  it('admits where path, username, provider, token and client agree', () => {
    expect(verdict({})).toEqual({
      type: 'worker-admitted',
      providerId: 'rig-id',
      providerName: 'rig',
      ownerId: 'anna-id',
      username: 'anna',
      clientId: 'client-1',
      registrationId: 'right-id',
    });
    expect(verdict({ registrationToken: 'brief' })).toMatchObject({ registrationId: 'brief-id' });
    const house = { pathUsername: 'global', username: 'global', providerName: 'house' };
    expect(verdict(house).type).toBe('worker-admitted');
    expect(verdict({ providerName: 'picky' }).type).toBe('worker-admitted');
  });

  it.each([
    [{ providerName: 'nothing' }, 401, 'unknown_provider', null],
    [{ registrationToken: 'wrong' }, 401, 'wrong_token', 'rig-id'],
    [{ registrationToken: 'old' }, 401, 'token_expired', 'rig-id'],
    [{ registrationToken: 'taken' }, 401, 'token_revoked', 'rig-id'],
    [{ registrationToken: 'old', clientId: '' }, 401, 'token_expired', 'rig-id'],
    [{ pathUsername: 'global', registrationToken: 'old' }, 401, 'unknown_provider', null],
    [{ registrationToken: '' }, 401, 'wrong_token', 'rig-id'],
    [{ providerName: 'cloud' }, 401, 'not_a_worker_provider', 'cloud-id'],
    [{ pathUsername: 'global' }, 403, 'scope_mismatch', 'rig-id'],
    [{ pathUsername: 'global', registrationToken: 'wrong' }, 401, 'unknown_provider', null],
    [{ username: 'bob' }, 403, 'username_mismatch', 'rig-id'],
    [{ clientId: '' }, 403, 'client_missing', 'rig-id'],
    [{ clientId: 'x'.repeat(129) }, 403, 'client_not_allowed', 'rig-id'],
    [{ providerName: 'picky', clientId: 'client-2' }, 403, 'client_not_allowed', 'picky-id'],
    [{ providerName: 'off' }, 403, 'provider_disabled', 'off-id'],
    // What only the holder of the token may learn is not told before the token is checked.
    [{ providerName: 'off', registrationToken: 'wrong' }, 401, 'wrong_token', 'off-id'],
  ] as const)('refuses %j', (changes, httpStatus, reason, providerId) => {
    expect(verdict(changes)).toEqual({ type: 'worker-refused', httpStatus, reason, providerId });
  });
});
