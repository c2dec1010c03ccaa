import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { registrationOf as registration, workerProvider } from '../../test/worker-provider.js';
import { EndedRegistrations } from './ended-registrations.js';
import { type Registration, registrationState } from './registration.js';

const provider = (...registrations: readonly Registration[]) => workerProvider(registrations);

const ended = (registrationId: string, reason: string) => ({
  providerId: 'rig-id',
  registrationId,
  reason,
});

describe('EndedRegistrations', () => {
  it('only learns at the first look', () => {
    const all = [
      provider(registration('a', { revokedAtMs: 1 }), registration('b', { expiresAtMs: 1 })),
    ];
    expect(new EndedRegistrations().look(all, 5)).toEqual([]);
  });

  it('names what a new catalogue has revoked, cut short or does not have', () => {
    const ends = new EndedRegistrations();
    ends.look([provider(...['a', 'b', 'c', 'd'].map((id) => registration(id)))], 5);
    const now = [
      provider(
        registration('a', { revokedAtMs: 6 }),
        registration('b', { expiresAtMs: 6 }),
        registration('d', { expiresAtMs: 7 }),
      ),
    ];
    expect(ends.look(now, 6)).toEqual([
      ended('a', 'token_revoked'),
      ended('b', 'token_expired'),
      ended('c', 'token_revoked'),
    ]);
    expect(ends.look(now, 6)).toEqual([]);
    expect(ends.look(now, 7)).toEqual([ended('d', 'token_expired')]);
  });

  it('names each once that time ends, however often one looks', () => {
    const times = fc.integer({ min: 0, max: 20 });
    const looks = fc.array(times, { minLength: 1 }).map((all) => all.sort((a, b) => a - b));
    const expiries = fc.array(fc.option(times));
    fc.assert(
      fc.property(looks, expiries, (atMs, all) => {
        const registrations = all.map((expiresAtMs, index) =>
          registration(String(index), { expiresAtMs }),
        );
        const providers = [provider(...registrations)];
        const ends = new EndedRegistrations();
        const named = atMs
          .flatMap((nowMs) => ends.look(providers, nowMs))
          .map(({ registrationId }) => registrationId);
        const wanted = registrations.filter(
          (one) =>
            registrationState(one, atMs[0] ?? 0) === 'valid' &&
            registrationState(one, atMs.at(-1) ?? 0) === 'expired',
        );
        expect(named.sort()).toEqual(wanted.map(({ id }) => id).sort());
      }),
    );
  });
});
