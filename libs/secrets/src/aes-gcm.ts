import { createCipheriv, createDecipheriv, type KeyObject, randomBytes } from 'node:crypto';

const algorithm = 'aes-256-gcm';
const nonceBytes = 12;
const tagBytes = 16;

/** Bytes, and what they belong to: encrypted for one thing they open for no other. */
export type BytesOf = Readonly<{ bytes: Uint8Array; context: string }>;

/** Encrypts with AES-256-GCM under a random nonce: nonce, ciphertext, tag. The context is authenticated, not stored. */
export function gcmEncrypt({ bytes, context }: BytesOf, key: KeyObject): Buffer {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv(algorithm, key, nonce).setAAD(Buffer.from(context));
  return Buffer.concat([nonce, cipher.update(bytes), cipher.final(), cipher.getAuthTag()]);
}

/** The bytes, or undefined where they were encrypted with another key or for something else, or changed since. */
export function gcmDecrypt({ bytes, context }: BytesOf, key: KeyObject): Buffer | undefined {
  const sealed = Buffer.from(bytes);
  if (sealed.length < nonceBytes + tagBytes) return undefined;
  const nonce = sealed.subarray(0, nonceBytes);
  const decipher = createDecipheriv(algorithm, key, nonce, { authTagLength: tagBytes })
    .setAAD(Buffer.from(context))
    .setAuthTag(sealed.subarray(-tagBytes));
  try {
    const plain = decipher.update(sealed.subarray(nonceBytes, -tagBytes));
    return Buffer.concat([plain, decipher.final()]);
  } catch {
    // The one way in which GCM says that something does not fit.
    return undefined;
  }
}
