import { createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';
import { type BytesOf, gcmDecrypt, gcmEncrypt } from './aes-gcm.js';

const keyBytes = 32;

/**
 * Encrypts under a key that is made from a secret (AES-256-GCM; nonce, ciphertext, tag). Whoever keeps the bytes and not
 * the secret cannot read them. The secret must be a random one: it is not stretched.
 */
export function encrypt(plain: BytesOf, secret: string): Buffer {
  return gcmEncrypt(plain, keyFrom(secret));
}

/** The bytes, or undefined where they were encrypted with another secret or for something else. */
export function decrypt(sealed: BytesOf, secret: string): Buffer | undefined {
  return gcmDecrypt(sealed, keyFrom(secret));
}

function keyFrom(secret: string): KeyObject {
  const key = hkdfSync('sha256', secret, '', 'aisbf encrypted bytes v1', keyBytes);
  return createSecretKey(Buffer.from(key));
}
