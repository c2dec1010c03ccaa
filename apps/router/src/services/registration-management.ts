import type {
  CreatedRegistration,
  CreateRegistration,
  Principal,
  Registration as RegistrationMessage,
  RotatedRegistration,
  RotateRegistration,
} from '@aisbf/contracts';
import { Clock } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import type { Actor } from '../domain/act.js';
import type { WorkerSource } from '../domain/catalogue.js';
import { toRegistration } from '../domain/catalogue-message.js';
import { faults } from '../domain/faults.js';
import { Announcements } from './announcements.js';
import { CatalogueEditing } from './catalogue-editing.js';
import { isManagedBy } from './owners.js';
import { RegistrationTokens } from './registration-tokens.js';

export class RegistrationSettings {
  constructor(
    /** How long earlier tokens stay good after a rotation that does not say. */
    readonly overlapMsDefault: number,
    /** Of one provider, ended ones included. */
    readonly registrationsMax: number,
  ) {}
}

/** The rights to connect workers, as the owners of providers manage them. */
@Injectable()
export class RegistrationManagement {
  constructor(
    private readonly editing: CatalogueEditing,
    private readonly tokens: RegistrationTokens,
    private readonly announcements: Announcements,
    private readonly clock: Clock,
    private readonly settings: RegistrationSettings,
  ) {}

  async create(
    principal: Actor,
    providerId: string,
    { expiresAt }: CreateRegistration,
  ): Promise<CreatedRegistration> {
    await this.managed(principal, providerId);
    const nowMs = this.clock.nowMs();
    const expiresAtMs = expiresAt === undefined ? null : Date.parse(expiresAt);
    if (expiresAtMs !== null && expiresAtMs <= nowMs) throw faults.EXPIRY_NOT_AHEAD();
    return this.add(principal, providerId, { nowMs, expiresAtMs, othersEndAtMs: null });
  }

  /** Gives a new token; the others are void after the overlap. */
  async rotate(
    principal: Actor,
    providerId: string,
    { overlapMs = this.settings.overlapMsDefault }: RotateRegistration,
  ): Promise<RotatedRegistration> {
    await this.managed(principal, providerId);
    const nowMs = this.clock.nowMs();
    const othersEndAtMs = nowMs + overlapMs;
    const added = await this.add(principal, providerId, {
      ...{ nowMs, expiresAtMs: null, othersEndAtMs },
    });
    // Nobody has the new token yet: whoever is connected came with another.
    if (overlapMs === 0) {
      this.announcements.registrationRevoked({ providerId, reason: 'token_rotated' });
    }
    return added;
  }

  async list(principal: Principal, providerId: string): Promise<RegistrationMessage[]> {
    const { registrations } = await this.managed(principal, providerId);
    return registrations.map(toRegistration);
  }

  /** Said again for one that was revoked before: whoever missed it then hears it now. */
  async revoke(principal: Actor, providerId: string, id: string): Promise<void> {
    const { registrations } = await this.managed(principal, providerId);
    if (!registrations.some((registration) => registration.id === id)) {
      throw faults.REGISTRATION_NOT_FOUND();
    }
    const revokedAtMs = this.clock.nowMs();
    await this.editing.commit({ type: 'registration-revoke', id, revokedAtMs }, principal);
    this.announcements.registrationRevoked({
      providerId,
      reason: 'token_revoked',
      registrationId: id,
    });
  }

  private async add(
    principal: Actor,
    providerId: string,
    times: Readonly<{ nowMs: number; expiresAtMs: number | null; othersEndAtMs: number | null }>,
  ): Promise<CreatedRegistration> {
    const { text, registration } = this.tokens.create(times.nowMs, times.expiresAtMs);
    const { registrationsMax } = this.settings;
    const { othersEndAtMs } = times;
    await this.editing.commit(
      { type: 'registration-add', providerId, registration, othersEndAtMs, registrationsMax },
      principal,
    );
    return { registration: toRegistration(registration), registrationToken: text };
  }

  private async managed(principal: Principal, providerId: string): Promise<WorkerSource> {
    const provider = (await this.editing.newest()).providerById.get(providerId);
    if (!provider || !isManagedBy(principal, provider)) throw faults.PROVIDER_NOT_FOUND();
    const { source } = provider;
    if (source.kind !== 'coderai') throw faults.PROVIDER_WITHOUT_WORKERS();
    return source;
  }
}
