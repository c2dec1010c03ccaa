import type { Provider } from './catalogue.js';
import { registrationState } from './registration.js';

export type EndedRegistration = Readonly<{
  providerId: string;
  registrationId: string;
  reason: 'token_expired' | 'token_revoked';
}>;

/** Which registrations have ended since the last look, whatever ended them: time, a hand, another replica. */
export class EndedRegistrations {
  /** By id: the providers of those that were valid at the last look. */
  private valid = new Map<string, string>();
  private lookedAt: readonly Provider[] | undefined;
  private nextExpiryMs = Number.POSITIVE_INFINITY;

  /** The first look only learns what there is. */
  look(providers: readonly Provider[], nowMs: number): readonly EndedRegistration[] {
    // Most looks find the same catalogue, and nothing due: they cost nothing.
    if (providers === this.lookedAt && nowMs < this.nextExpiryMs) return [];
    const before = this.valid;
    const expired = this.learn(providers, nowMs);
    return [...before].flatMap(([registrationId, providerId]) => {
      if (this.valid.has(registrationId)) return [];
      // What is not there at all any more was taken away, which is no question of time.
      const reason = expired.has(registrationId) ? 'token_expired' : 'token_revoked';
      return [{ providerId, registrationId, reason } as const];
    });
  }

  /** Gives the ids of those whose time is over. */
  private learn(providers: readonly Provider[], nowMs: number): ReadonlySet<string> {
    const expired = new Set<string>();
    this.valid = new Map();
    this.lookedAt = providers;
    this.nextExpiryMs = Number.POSITIVE_INFINITY;
    for (const { id: providerId, source } of providers) {
      if (source.kind !== 'coderai') continue;
      for (const registration of source.registrations) {
        const state = registrationState(registration, nowMs);
        if (state === 'expired') expired.add(registration.id);
        if (state !== 'valid') continue;
        this.valid.set(registration.id, providerId);
        this.nextExpiryMs = Math.min(this.nextExpiryMs, registration.expiresAtMs ?? Infinity);
      }
    }
    return expired;
  }
}
