import { decrypt, encrypt } from '@aisbf/secrets';

/** Somebody's file, and until when it is given out. */
export type MediaFile = Readonly<{
  providerId: string;
  clientId: string;
  model: string;
  /** Below `/v1`. */
  target: string;
  expiresAtMs: number;
}>;

const context = 'media of workers';
/** Longer than any that is made here. */
const idLengthMax = 2_048;

/**
 * All of it, encrypted under a key of the installation: whoever has not been given the id can neither make one nor learn
 * from one, and no other file of the worker is reached by it.
 */
export function sealMedia(file: MediaFile, secret: string): string {
  const { providerId, clientId, model, target, expiresAtMs } = file;
  const bytes = Buffer.from(JSON.stringify([providerId, clientId, model, target, expiresAtMs]));
  return encrypt({ bytes, context }, secret).toString('base64url');
}

/** Undefined where it was not made here, or has expired. */
export function openMedia(id: string, secret: string, nowMs: number): MediaFile | undefined {
  if (id.length > idLengthMax || !/^[\w-]+$/.test(id)) return undefined;
  const bytes = decrypt({ bytes: Buffer.from(id, 'base64url'), context }, secret);
  if (!bytes) return undefined;
  // What opens was sealed here: nobody else has the secret.
  const parts = JSON.parse(bytes.toString()) as [string, string, string, string, number];
  const [providerId, clientId, model, target, expiresAtMs] = parts;
  return nowMs < expiresAtMs ? { providerId, clientId, model, target, expiresAtMs } : undefined;
}
