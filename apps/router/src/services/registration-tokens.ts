import { createSecretToken, isSameHash, keyedHash } from '@aisbf/secrets';

/** The secrets that workers connect with. Only keyed hashes of them are kept. */
export class RegistrationTokens {
  constructor(private readonly pepper: string) {}

  create(): Readonly<{ text: string; hash: string }> {
    const { text } = createSecretToken('aisbfw');
    return { text, hash: keyedHash(text, this.pepper) };
  }

  readonly isTokenOf = (registrationToken: string, hash: string): boolean =>
    isSameHash(keyedHash(registrationToken, this.pepper), hash);
}
