import { decrypt, encrypt } from '@aisbf/secrets';
import { z } from 'zod';

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
const Sealed = z.tuple([z.string(), z.string(), z.string(), z.string(), z.number()]);
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
  const [providerId, clientId, model, target, expiresAtMs] = Sealed.parse(
    JSON.parse(bytes.toString()),
  );
  return nowMs < expiresAtMs ? { providerId, clientId, model, target, expiresAtMs } : undefined;
}
