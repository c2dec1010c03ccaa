import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { CredentialCipher } from './credential-cipher.js';

const cipher = new CredentialCipher(randomBytes(32));
const holder = { ownerId: 'owner', providerId: 'provider' };

describe('CredentialCipher', () => {
  it('opens what it sealed, and never writes the same twice', () => {
    const [one, two] = [cipher.seal('sk-ü', holder), cipher.seal('sk-ü', holder)];
    expect(cipher.open(one, holder)).toBe('sk-ü');
    expect(Buffer.compare(one.ciphertext, two.ciphertext)).not.toBe(0);
    expect(Buffer.from(one.ciphertext).includes('sk-ü')).toBe(false);
  });

  it('opens nothing for another owner, another provider, another key, or when it was changed', () => {
    const sealed = cipher.seal('sk-1', holder);
    expect(cipher.open(sealed, { ...holder, ownerId: 'other' })).toBeNull();
    expect(cipher.open(sealed, { ...holder, providerId: 'other' })).toBeNull();
    const other = new CredentialCipher(randomBytes(32));
    expect(other.open(sealed, holder)).toBeNull();
    expect(other.open({ ...sealed, keyId: other.keyId }, holder)).toBeNull();
    for (const index of [0, 13, sealed.ciphertext.length - 1]) {
      const changed = Uint8Array.from(sealed.ciphertext);
      changed[index] = (changed[index] ?? 0) ^ 1;
      expect(cipher.open({ ...sealed, ciphertext: changed }, holder)).toBeNull();
    }
    expect(cipher.open({ ...sealed, ciphertext: new Uint8Array(5) }, holder)).toBeNull();
  });
});
