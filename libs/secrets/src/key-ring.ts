import { createSecretKey, type KeyObject } from 'node:crypto';

/** A key that encrypts keys, and the id that everything wrapped with it carries. */
export type NamedKey = Readonly<{ id: string; key: KeyObject }>;

/** The keys of an installation: the current one wraps, each unwraps what carries its id. */
export type KeyRing = Readonly<{ current: NamedKey; byId: ReadonlyMap<string, KeyObject> }>;

const keyBytes = 32;
/** More former keys than anybody rotates through before the first of them can go. */
const keysMax = 16;
/** Shorter than any key's own text, so that a key can never pass for an id and be shown as one. */
const idShape = /^[A-Za-z0-9._-]{1,32}$/;
const keyShape = /^[A-Za-z0-9+/]{43}=$/;

/**
 * Reads `id:key,id:key`, the keys of 32 bytes as base64; the first is current. Otherwise every mistake, in words that show
 * nothing of what was given but ids.
 */
export function parseKeyRing(text: string): KeyRing | readonly string[] {
  const entries = text.split(',').map((entry) => entry.trim());
  if (entries.length > keysMax) return [`must not hold more than ${keysMax} keys`];
  const mistakes: string[] = [];
  const byId = new Map<string, KeyObject>();
  for (const [index, entry] of entries.entries()) {
    const named = readEntry(entry, `entry ${index + 1}`);
    const mistake = typeof named === 'string' ? named : collisionOf(named, byId);
    if (mistake !== undefined) mistakes.push(mistake);
    else if (typeof named !== 'string') byId.set(named.id, named.key);
  }
  const [first] = byId;
  if (mistakes.length > 0 || first === undefined) return mistakes;
  return { current: { id: first[0], key: first[1] }, byId };
}

function readEntry(entry: string, place: string): NamedKey | string {
  const colon = entry.indexOf(':');
  if (colon < 0) return `${place} must read id:key`;
  const [id, encoded] = [entry.slice(0, colon), entry.slice(colon + 1)];
  if (!idShape.test(id)) return `the id of ${place} must be 1 to 32 letters, digits, ".", "_", "-"`;
  const bytes = Buffer.from(encoded, 'base64');
  if (!keyShape.test(encoded) || bytes.length !== keyBytes) {
    return `the key of ${place} must be ${keyBytes} bytes as base64`;
  }
  return { id, key: createSecretKey(bytes) };
}

/** One id with two keys opens half of what carries it; one key under two ids is no rotation. */
function collisionOf(
  { id, key }: NamedKey,
  others: ReadonlyMap<string, KeyObject>,
): string | undefined {
  if (others.has(id)) return `the id "${id}" stands for more than one key`;
  for (const [other, otherKey] of others) {
    if (otherKey.equals(key)) return `the ids "${other}" and "${id}" stand for the same key`;
  }
  return undefined;
}
