import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/**
 * Our secrets read `prefix_publicid_secret`: the prefix says what it is (and lets scanners find a leak), the
 * public id names it in lists and logs, and the secret ends in a checksum, so that a typo or a truncated
 * paste is refused without asking anybody.
 */
export type SecretPrefix = 'aisbf' | 'aisbfw';

export type SecretToken = Readonly<{
  prefix: SecretPrefix;
  publicId: string;
  text: string;
}>;

const publicIdLength = 12;
const secretLength = 32;
const checksumLength = 6;
const alphabet = '0123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
const shape = /^(aisbfw?)_([0-9A-Za-z]{12})_([0-9A-Za-z]{32})([0-9A-Za-z]{6})$/;

function randomText(length: number): string {
  let text = '';
  while (text.length < length) {
    for (const byte of randomBytes(length)) {
      // The largest multiple of the alphabet below 256: bytes above it would favour its first letters.
      const isUnbiased = byte < 256 - (256 % alphabet.length);
      if (isUnbiased && text.length < length) text += alphabet[byte % alphabet.length];
    }
  }
  return text;
}

function checksum(text: string): string {
  let rest = createHash('sha256').update(text).digest().readUIntBE(0, 6);
  let digits = '';
  for (let place = 0; place < checksumLength; place += 1) {
    digits += alphabet[rest % alphabet.length];
    rest = Math.floor(rest / alphabet.length);
  }
  return digits;
}

/** Makes a fresh secret. It is shown once; only `keyedHash` of it is kept. */
export function createSecretToken(prefix: SecretPrefix): SecretToken {
  const publicId = randomText(publicIdLength);
  const body = `${prefix}_${publicId}_${randomText(secretLength)}`;
  return { prefix, publicId, text: body + checksum(body) };
}

/** Reads a secret, or undefined where it cannot be one of ours. */
export function parseSecretToken(text: string): SecretToken | undefined {
  const match = shape.exec(text);
  if (!match) return undefined;
  if (checksum(text.slice(0, -checksumLength)) !== text.slice(-checksumLength)) return undefined;
  return { prefix: match[1] as SecretPrefix, publicId: match[2] ?? '', text };
}

const anywhere = /(aisbfw?_[0-9A-Za-z]{12}_)[0-9A-Za-z]{38}/g;

/** A text in which of every secret of ours only what it is and its public id are left. */
export function withoutSecretTokens(text: string): string {
  return text.replaceAll(anywhere, '$1[redacted]');
}

/** What is stored in place of a secret: useless without the pepper, which is not in the database. */
export function keyedHash(secret: string, pepper: string): string {
  return createHmac('sha256', pepper).update(secret).digest('hex');
}

/** Compares two hashes in constant time. */
export function isSameHash(left: string, right: string): boolean {
  const [a, b] = [Buffer.from(left), Buffer.from(right)];
  return a.length === b.length && timingSafeEqual(a, b);
}
