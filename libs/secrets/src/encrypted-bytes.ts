import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

const nonceBytes = 12;
const tagBytes = 16;
const keyBytes = 32;

/** Bytes, and what they belong to: encrypted for one thing they open for no other. */
export type BytesOf = Readonly<{ bytes: Uint8Array; context: string }>;

/**
 * Encrypts under a key that is made from a secret (AES-256-GCM; nonce, ciphertext, tag). Whoever keeps the bytes and not
 * the secret cannot read them. The secret must be a random one: it is not stretched.
 */
export function encrypt({ bytes, context }: BytesOf, secret: string): Buffer {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv('aes-256-gcm', keyFrom(secret), nonce).setAAD(Buffer.from(context));
  return Buffer.concat([nonce, cipher.update(bytes), cipher.final(), cipher.getAuthTag()]);
}

/** The bytes, or undefined where they were encrypted with another secret or for something else. */
export function decrypt({ bytes, context }: BytesOf, secret: string): Buffer | undefined {
  const sealed = Buffer.from(bytes);
  if (sealed.length < nonceBytes + tagBytes) return undefined;
  const decipher = createDecipheriv('aes-256-gcm', keyFrom(secret), sealed.subarray(0, nonceBytes))
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

function keyFrom(secret: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', 'aisbf encrypted bytes v1', keyBytes));
}
