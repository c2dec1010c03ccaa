import { createCipheriv, createHash, randomBytes } from 'node:crypto';
import { parseKeyRing } from '@aisbf/secrets';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { StoredCredential } from '../domain/stored-credential.js';
import { CredentialVault } from './credential-vault.js';

const [formerKey, currentKey] = [randomBytes(32), randomBytes(32)];
const entry = (id: string, key: Buffer) => `${id}:${key.toString('base64')}`;

function vaultOf(...entries: readonly string[]): CredentialVault {
  const keys = parseKeyRing(entries.join(','));
  if (!('current' in keys)) throw new Error(keys.join('\n'));
  return new CredentialVault(keys);
}

const former = vaultOf(entry('former', formerKey));
const both = vaultOf(entry('current', currentKey), entry('former', formerKey));
const current = vaultOf(entry('current', currentKey));
const holder = { ownerId: 'owner', providerId: 'provider' };
const opened = (credential: string) => ({ kind: 'opened', credential });
const unreadable = (trouble: string) => ({ kind: 'unreadable', trouble });

/** As installations of before envelopes have written it. */
function sealDirectly(credential: string, key: Buffer, of = holder): StoredCredential {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(
    Buffer.from(`aisbf credential v1\n${of.ownerId}\n${of.providerId}`),
  );
  const parts = [nonce, cipher.update(credential, 'utf8'), cipher.final(), cipher.getAuthTag()];
  const keyId = createHash('sha256').update('key id').update(key).digest('hex').slice(0, 16);
  return { version: 1, keyId, dataKey: null, ciphertext: Buffer.concat(parts) };
}

function rewrapped(vault: CredentialVault, stored: StoredCredential): StoredCredential {
  const result = vault.rewrap(stored, holder);
  if (result.kind !== 'rewrapped') throw new Error(result.trouble);
  return result.stored;
}

describe('CredentialVault', () => {
  it('opens what it sealed for its holder alone', () => {
    const text = fc.string({ unit: 'grapheme' });
    const property = fc.property(
      text,
      text,
      text,
      text,
      (credential, ownerId, providerId, other) => {
        const stored = former.seal(credential, { ownerId, providerId });
        expect(stored).toMatchObject({ version: 2, keyId: 'former' });
        expect(both.open(stored, { ownerId, providerId })).toEqual(opened(credential));
        for (const wrong of [
          { ownerId: other, providerId },
          { ownerId, providerId: other },
          { ownerId: providerId, providerId: ownerId },
        ]) {
          if (wrong.ownerId === ownerId && wrong.providerId === providerId) continue;
          expect(both.open(stored, wrong)).toEqual(unreadable('mismatched'));
          expect(both.rewrap(stored, wrong)).toEqual(unreadable('mismatched'));
        }
      },
    );
    fc.assert(property);
  });

  it('re-wraps the data key and leaves the credential as it lies', () => {
    const stored = former.seal('sk-ü', holder);
    const later = rewrapped(both, stored);
    expect(later).toMatchObject({ version: 2, keyId: 'current', ciphertext: stored.ciphertext });
    expect(current.open(later, holder)).toEqual(opened('sk-ü'));
    expect(former.open(later, holder)).toEqual(unreadable('key_unknown'));
  });

  it('re-wraps an envelope of all secrets too, and takes none for one of a credential', () => {
    const stored = former.seal('{}', holder, 3);
    expect(stored).toMatchObject({ version: 3, keyId: 'former' });
    const later = rewrapped(both, stored);
    expect(later).toMatchObject({ version: 3, keyId: 'current', ciphertext: stored.ciphertext });
    expect(current.open(later, holder)).toEqual(opened('{}'));
    expect(current.open({ ...later, version: 2 }, holder)).toEqual(unreadable('mismatched'));
  });

  it('opens what was encrypted with the key itself, and makes an envelope of it', () => {
    const stored = sealDirectly('sk-ü', formerKey);
    expect(both.open(stored, holder)).toEqual(opened('sk-ü'));
    const later = rewrapped(both, stored);
    expect(later).toMatchObject({ version: 2, keyId: 'current' });
    expect(current.open(later, holder)).toEqual(opened('sk-ü'));
  });

  it('opens nothing of the earlier form that was moved, changed, or is under another key', () => {
    const stored = sealDirectly('sk-1', formerKey);
    for (const wrong of [
      { ...holder, ownerId: 'other' },
      { ...holder, providerId: 'other' },
    ]) {
      expect(both.open(stored, wrong)).toEqual(unreadable('mismatched'));
      expect(both.rewrap(stored, wrong)).toEqual(unreadable('mismatched'));
    }
    for (const index of [0, 13, stored.ciphertext.length - 1]) {
      const ciphertext = Uint8Array.from(stored.ciphertext);
      ciphertext[index] = (ciphertext[index] ?? 0) ^ 1;
      expect(both.open({ ...stored, ciphertext }, holder)).toEqual(unreadable('mismatched'));
    }
    const short = { ...stored, ciphertext: new Uint8Array(5) };
    expect(both.open(short, holder)).toEqual(unreadable('mismatched'));
    expect(current.open(stored, holder)).toEqual(unreadable('key_unknown'));
    expect(current.rewrap(stored, holder)).toEqual(unreadable('key_unknown'));
  });

  it('opens no form that it does not know, nor an envelope that passes for the earlier one', () => {
    const stored = former.seal('sk-1', holder);
    const [later, torn] = [
      { ...stored, version: 4 },
      { ...stored, dataKey: null },
    ];
    for (const wrong of [later, torn]) {
      expect(both.open(wrong, holder)).toEqual(unreadable('form_unknown'));
      expect(both.rewrap(wrong, holder)).toEqual(unreadable('form_unknown'));
    }
    expect(both.open({ ...stored, version: 3 }, holder)).toEqual(unreadable('mismatched'));
    expect(both.open({ ...stored, version: 1 }, holder)).toEqual(unreadable('key_unknown'));
    const disguised = { ...stored, version: 1, keyId: sealDirectly('', formerKey).keyId };
    expect(both.open(disguised, holder)).toEqual(unreadable('mismatched'));
  });

  it('knows which key a row is under, whatever its form', () => {
    expect(both.keyIdOf(former.seal('x', holder))).toBe('former');
    expect(both.keyIdOf(sealDirectly('x', formerKey))).toBe('former');
    expect(current.keyIdOf(sealDirectly('x', formerKey))).toBeUndefined();
    expect(current.keyIdOf(former.seal('x', holder))).toBeUndefined();
    expect([both.currentKeyId, both.keyIds]).toEqual(['current', ['current', 'former']]);
  });
});
