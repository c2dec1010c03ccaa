import { randomUUID } from 'node:crypto';
import { createSecretToken, isSameHash, keyedHash } from '@aisbf/secrets';
import type { Registration } from '../domain/registration.js';

/** The text is told once; only the registration is kept. */
export type NewRegistration = Readonly<{ text: string; registration: Registration }>;

/** The secrets that workers connect with. Only keyed hashes of them are kept. */
export class RegistrationTokens {
  constructor(private readonly pepper: string) {}

  create(createdAtMs: number, expiresAtMs: number | null): NewRegistration {
    const { text, publicId } = createSecretToken('aisbfw');
    const registration = {
      id: randomUUID(),
      publicId,
      tokenHash: keyedHash(text, this.pepper),
      createdAtMs,
      expiresAtMs,
      revokedAtMs: null,
    };
    return { text, registration };
  }

  readonly isTokenOf = (registrationToken: string, hash: string): boolean =>
    isSameHash(keyedHash(registrationToken, this.pepper), hash);
}
