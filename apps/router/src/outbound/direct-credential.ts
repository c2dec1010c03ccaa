import { createHash, type KeyObject } from 'node:crypto';
import { gcmDecrypt } from '@aisbf/secrets';
import type { CredentialHolder } from '../domain/stored-credential.js';

/**
 * Form 1 of a stored credential, which is only read: encrypted with the installation's key itself, and marked with a
 * fingerprint of it. The credential, or undefined where it does not fit.
 */
export function openDirectly(
  ciphertext: Uint8Array,
  { ownerId, providerId }: CredentialHolder,
  key: KeyObject,
): string | undefined {
  const context = `aisbf credential v1\n${ownerId}\n${providerId}`;
  return gcmDecrypt({ bytes: ciphertext, context }, key)?.toString('utf8');
}

/** Tells which key a row of form 1 was encrypted with, and nothing about the key. */
export function fingerprintOf(key: KeyObject): string {
  return createHash('sha256').update('key id').update(key.export()).digest('hex').slice(0, 16);
}
