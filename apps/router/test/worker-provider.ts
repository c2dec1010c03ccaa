import type { Provider } from '../src/domain/catalogue.js';
import type { Registration } from '../src/domain/registration.js';

/** A registration that has no end, unless told otherwise. */
export function registrationOf(id: string, change: Partial<Registration> = {}): Registration {
  return {
    id,
    publicId: 'public',
    tokenHash: 'hash',
    createdAtMs: 0,
    expiresAtMs: null,
    revokedAtMs: null,
    ...change,
  };
}

/** A provider of Anna's, whose workers come with these registrations. */
export function workerProvider(
  registrations: readonly Registration[],
  clientIds: ReadonlySet<string> | null = null,
): Provider {
  return {
    id: 'rig-id',
    ownerId: 'anna-id',
    username: 'anna',
    name: 'rig',
    isEnabled: true,
    createdAtMs: 0,
    data: { isCollected: null, isRetained: null, region: null },
    source: { kind: 'coderai', clientIds, registrations },
  };
}
