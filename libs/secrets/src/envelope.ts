import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { type BytesOf, gcmDecrypt, gcmEncrypt } from './aes-gcm.js';
import type { KeyRing } from './key-ring.js';

/** A data key, encrypted with the key of this id. */
export type WrappedKey = Readonly<{ keyId: string; wrappedKey: Uint8Array }>;

/**
 * Bytes under a key of their own, and that key wrapped with one of the installation's. Both are bound to what the bytes
 * belong to, the wrapped key to the id of its wrapping key besides.
 */
export type Envelope = WrappedKey &
  Readonly<{
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
  const { key, wrapped } = newDataKey(context, keys);
  return { ...wrapped, ciphertext: gcmEncrypt({ bytes, context: dataContext(context) }, key) };
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

/** A fresh data key for this context, wrapped with the ring's current key. */
export function newDataKey(
  context: string,
  keys: KeyRing,
): Readonly<{ key: KeyObject; wrapped: WrappedKey }> {
  const dataKey = randomBytes(dataKeyBytes);
  return { key: createSecretKey(dataKey), wrapped: wrap(dataKey, context, keys) };
}

/** A data key that was made for this context, or why it does not open. */
export function openDataKey(
  wrapped: WrappedKey,
  context: string,
  keys: KeyRing,
): KeyObject | EnvelopeTrouble {
  const dataKey = unwrap(wrapped, context, keys);
  return typeof dataKey === 'string' ? dataKey : createSecretKey(dataKey);
}

function wrap(dataKey: Uint8Array, context: string, { current }: KeyRing) {
  const wrappedKey = gcmEncrypt(
    { bytes: dataKey, context: keyContext(current.id, context) },
    current.key,
  );
  return { keyId: current.id, wrappedKey };
}

function unwrap(
  { keyId, wrappedKey }: WrappedKey,
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
