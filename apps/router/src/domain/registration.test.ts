import { describe, expect, it } from '@jest/globals';
import { registrationOf } from '../../test/worker-provider.js';
import { type Registration, registrationState } from './registration.js';

const registration = (ends: Partial<Registration> = {}) => registrationOf('id', ends);

describe('registrationState', () => {
  it.each([
    [{}, 'valid'],
    [{ expiresAtMs: 101 }, 'valid'],
    [{ expiresAtMs: 100 }, 'expired'],
    [{ revokedAtMs: 100 }, 'revoked'],
    [{ expiresAtMs: 50, revokedAtMs: 60 }, 'revoked'],
  ] as const)('of %j is %s', (ends, state) => {
    expect(registrationState(registration(ends), 100)).toBe(state);
  });
});
