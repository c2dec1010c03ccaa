import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';

export type SealedCredential = Readonly<{ ciphertext: Uint8Array; keyId: string }>;
export type CredentialHolder = Readonly<{ ownerId: string; providerId: string }>;

const nonceBytes = 12;
const tagBytes = 16;

/**
 * Credentials of hosted providers, as they lie in the database: AES-256-GCM (nonce, ciphertext, tag). The
 * owner and the provider are authenticated with it, so that a row copied to another provider opens nothing.
 */
export class CredentialCipher {
  /** Tells which key a row was sealed with, and nothing about the key. */
  readonly keyId: string;

  constructor(private readonly secret: Buffer) {
    this.keyId = createHash('sha256').update('key id').update(secret).digest('hex').slice(0, 16);
  }

  seal(credential: string, holder: CredentialHolder): SealedCredential {
    const nonce = randomBytes(nonceBytes);
    const cipher = createCipheriv('aes-256-gcm', this.secret, nonce).setAAD(boundTo(holder));
    const parts = [nonce, cipher.update(credential, 'utf8'), cipher.final(), cipher.getAuthTag()];
    return { ciphertext: Buffer.concat(parts), keyId: this.keyId };
  }

  /** The credential, or null where it was sealed with another key or for somebody else. */
  open({ ciphertext, keyId }: SealedCredential, holder: CredentialHolder): string | null {
    const sealed = Buffer.from(ciphertext);
    if (keyId !== this.keyId || sealed.length < nonceBytes + tagBytes) return null;
    const decipher = createDecipheriv('aes-256-gcm', this.secret, sealed.subarray(0, nonceBytes))
      .setAAD(boundTo(holder))
      .setAuthTag(sealed.subarray(-tagBytes));
    try {
      const text = decipher.update(sealed.subarray(nonceBytes, -tagBytes));
      return Buffer.concat([text, decipher.final()]).toString('utf8');
    } catch {
      // The one way in which GCM says that something does not fit.
      return null;
    }
  }
}

function boundTo({ ownerId, providerId }: CredentialHolder): Buffer {
  return Buffer.from(`aisbf credential v1\n${ownerId}\n${providerId}`);
}
