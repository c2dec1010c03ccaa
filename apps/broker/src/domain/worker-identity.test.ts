import { describe, expect, it } from '@jest/globals';
import { isRevoked } from './worker-identity.js';

const worker = {
  providerId: 'rig-id',
  providerName: 'rig',
  ownerId: 'anna-id',
  username: 'anna',
  clientId: 'client-1',
  registrationId: 'first',
};
const { registrationId: _, ...unknownRegistration } = worker;
const revocation = { providerId: 'rig-id', reason: 'token_revoked' } as const;

describe('isRevoked', () => {
  it.each([
    ['the whole provider', worker, {}, true],
    ['another provider', worker, { providerId: 'other-id' }, false],
    ['its registration', worker, { registrationId: 'first' }, true],
    ['another registration', worker, { registrationId: 'second' }, false],
    [
      'any registration, where its own is not known',
      unknownRegistration,
      { registrationId: 'second' },
      true,
    ],
    ['the whole provider, where its own is not known', unknownRegistration, {}, true],
    ['its client id', worker, { clientId: 'client-1' }, true],
    ['another client id', worker, { clientId: 'client-2' }, false],
    [
      'its registration under another client id',
      worker,
      { registrationId: 'first', clientId: 'client-2' },
      false,
    ],
    [
      'the registration of another provider',
      worker,
      { providerId: 'other-id', registrationId: 'first' },
      false,
    ],
  ])('is right about %s', (_what, identity, narrowed, expected) => {
    expect(isRevoked(identity, { ...revocation, ...narrowed })).toBe(expected);
  });
});
