import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { justExpired, type Registration, registrationState } from './registration.js';

const registration = (ends: Partial<Registration> = {}): Registration => ({
  id: 'id',
  publicId: 'public',
  tokenHash: 'hash',
  createdAtMs: 0,
  expiresAtMs: null,
  revokedAtMs: null,
  ...ends,
});

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

describe('justExpired', () => {
  const times = fc.integer({ min: 0, max: 20 });

  it('names each once, however often one looks, and none that is valid or revoked', () => {
    const looks = fc.array(times, { minLength: 2 }).map((all) => all.sort((a, b) => a - b));
    const ends = fc.array(
      fc.record({ expiresAtMs: fc.option(times), revokedAtMs: fc.option(times) }),
    );
    fc.assert(
      fc.property(looks, ends, (atMs, all) => {
        const registrations = all.map((one, index) => registration({ ...one, id: String(index) }));
        const [first = 0, last = 0] = [atMs[0], atMs.at(-1)];
        const named = atMs
          .slice(1)
          .flatMap((nowMs, index) => justExpired(registrations, atMs[index] ?? 0, nowMs))
          .map(({ id }) => id);
        const wanted = registrations.filter(
          (one) =>
            registrationState(one, first) === 'valid' && registrationState(one, last) === 'expired',
        );
        expect(named.sort()).toEqual(wanted.map(({ id }) => id).sort());
      }),
    );
  });
});
