import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { type BytesOf, gcmDecrypt, gcmEncrypt } from './aes-gcm.js';
import type { KeyRing } from './key-ring.js';

/**
 * Bytes under a key of their own, and that key wrapped with one of the installation's. Both are bound to what the bytes
 * belong to, the wrapped key to the id of its wrapping key besides.
 */
export type Envelope = Readonly<{
  keyId: string;
  /** The data key, encrypted with the key of this id. */
  wrappedKey: Uint8Array;
  /** The bytes, encrypted with the data key. */
  ciphertext: Uint8Array;
}>;

/**
 * Why an envelope does not open.
 *
 * - `key_unknown`: the ring has no key of this id
 * - `mismatched`: it belongs to something else, was changed, or its id names another key here than where it was made
 */
export type EnvelopeTrouble = 'key_unknown' | 'mismatched';

const dataKeyBytes = 32;

/** Encrypts under a fresh data key, wrapped with the ring's current key. */
export function sealEnvelope({ bytes, context }: BytesOf, keys: KeyRing): Envelope {
  const dataKey = randomBytes(dataKeyBytes);
  const ciphertext = gcmEncrypt({ bytes, context: dataContext(context) }, createSecretKey(dataKey));
  return { ...wrap(dataKey, context, keys), ciphertext };
}

/** What was sealed for this context, or why it does not open. */
export function openEnvelope(
  envelope: Envelope,
  context: string,
  keys: KeyRing,
): Buffer | EnvelopeTrouble {
  const dataKey = unwrap(envelope, context, keys);
  if (typeof dataKey === 'string') return dataKey;
  const sealed = { bytes: envelope.ciphertext, context: dataContext(context) };
  return gcmDecrypt(sealed, createSecretKey(dataKey)) ?? 'mismatched';
}

/** The same envelope under the ring's current key. The bytes inside are neither needed nor touched. */
export function rewrapEnvelope(
  envelope: Envelope,
  context: string,
  keys: KeyRing,
): Envelope | EnvelopeTrouble {
  const dataKey = unwrap(envelope, context, keys);
  if (typeof dataKey === 'string') return dataKey;
  return { ...wrap(dataKey, context, keys), ciphertext: envelope.ciphertext };
}

function wrap(dataKey: Uint8Array, context: string, { current }: KeyRing) {
  const wrappedKey = gcmEncrypt(
    { bytes: dataKey, context: keyContext(current.id, context) },
    current.key,
  );
  return { keyId: current.id, wrappedKey };
}

function unwrap(
  { keyId, wrappedKey }: Envelope,
  context: string,
  keys: KeyRing,
): Buffer | EnvelopeTrouble {
  const key: KeyObject | undefined = keys.byId.get(keyId);
  if (key === undefined) return 'key_unknown';
  const dataKey = gcmDecrypt({ bytes: wrappedKey, context: keyContext(keyId, context) }, key);
  return dataKey?.length === dataKeyBytes ? dataKey : 'mismatched';
}

/** As JSON, so that no two lists of parts read the same. */
function keyContext(keyId: string, context: string): string {
  return JSON.stringify(['aisbf data key', 1, keyId, context]);
}

function dataContext(context: string): string {
  return JSON.stringify(['aisbf envelope', 1, context]);
}
