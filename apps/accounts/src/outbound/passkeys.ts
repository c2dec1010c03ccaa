import { PASSKEY_ERROR_CODES, passkey } from '@better-auth/passkey';
import { decodeAttestationObject } from '@simplewebauthn/server/helpers';
import type { BetterAuthOptions } from 'better-auth';
import { APIError, createAuthMiddleware, getSessionFromCtx, isAPIError } from 'better-auth/api';
import type { Pool } from 'pg';
import { z } from 'zod';
import type { Deed } from '../domain/audit.js';
import type { AuditStore } from '../services/audit-log.js';
import { noteProved } from './passkey-ceremony.js';
import { signInTables } from './sign-in-tables.js';

export const passkeyPaths = {
  add: '/passkey/verify-registration',
  delete: '/passkey/delete-passkey',
  beginSignIn: '/passkey/generate-authenticate-options',
  signIn: '/passkey/verify-authentication',
} as const;

type PasskeyParts = Readonly<{ pool: Pool; audit: AuditStore }>;

/** What a browser sends of a new credential, as far as it is looked into here. */
const NewCredential = z.object({
  response: z.object({ response: z.object({ attestationObject: z.string() }) }),
});

const Added = z.object({ id: z.string(), userId: z.string(), deviceType: z.string() });

/**
 * Passkeys in place of a password and a second factor, which is why each has to unlock its owner's presence
 * twice over: by having it and by a PIN, a finger or a face.
 */
export function passkeys(
  { pool }: Pick<PasskeyParts, 'pool'>,
  settings: Readonly<{
    publicUrl: string;
    trustedOrigins: readonly string[];
    passkeysMax: number;
  }>,
) {
  const { hostname, origin } = new URL(settings.publicUrl);
  return passkey({
    rpID: hostname,
    rpName: 'AISBF',
    origin: [origin, ...settings.trustedOrigins],
    schema: signInTables.passkey,
    authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
    advanced: { webAuthnChallengeCookie: 'passkey_challenge' },
    registration: {
      afterVerification: async ({ verification: { registrationInfo }, user }) => {
        noteProved();
        if (!registrationInfo?.userVerified) throw notVerified();
        await refuseFurther(pool, registrationInfo.credential.id, user.id, settings.passkeysMax);
      },
    },
    authentication: {
      afterVerification: async ({ verification: { authenticationInfo } }) => {
        noteProved();
        if (!authenticationInfo.userVerified) throw notVerified();
      },
    },
  });
}

function notVerified(): APIError {
  return new APIError('BAD_REQUEST', {
    code: 'PASSKEY_NOT_UNLOCKED',
    message: 'The passkey must be unlocked by a PIN, a finger or a face.',
  });
}

async function refuseFurther(
  pool: Pool,
  credentialId: string,
  userId: string,
  passkeysMax: number,
): Promise<void> {
  const { rows } = await pool.query<{ is_known: boolean; count: number }>(
    `SELECT coalesce(bool_or(credential_id = $1), false) AS is_known,
       count(*) FILTER (WHERE user_id = $2)::integer AS count
     FROM auth_passkey WHERE credential_id = $1 OR user_id = $2`,
    [credentialId, userId],
  );
  if (rows[0]?.is_known) {
    throw APIError.from('CONFLICT', PASSKEY_ERROR_CODES.PREVIOUSLY_REGISTERED);
  }
  if ((rows[0]?.count ?? 0) >= passkeysMax) {
    const message = `There are ${passkeysMax} passkeys already, which is the most there may be.`;
    throw new APIError('CONFLICT', { code: 'PASSKEYS_TOO_MANY', message });
  }
}

/** What the market demands beside what the plugin does, and what it writes down. */
export function passkeyHooks(
  { pool, audit }: PasskeyParts,
  addressHeader: string,
): NonNullable<BetterAuthOptions['hooks']> {
  return {
    before: createAuthMiddleware(async (context) => {
      if (context.path === passkeyPaths.add) refuseAttestation(context.body);
      if (context.path !== passkeyPaths.delete) return;
      const session = await getSessionFromCtx(context);
      if (session) await refuseForeign(pool, String(context.body?.id), session.user.id);
    }),
    after: createAuthMiddleware(async (context) => {
      const { returned } = context.context;
      if (isAPIError(returned)) return undefined;
      const record = (userId: string, deed: Deed) =>
        audit.recordOf(userId, deed, context.headers?.get(addressHeader) ?? null);
      if (context.path === passkeyPaths.beginSignIn) {
        return context.json({ ...(returned as object), userVerification: 'required' });
      }
      if (context.path === passkeyPaths.add) {
        const { id, userId, deviceType } = Added.parse(returned);
        await record(userId, { action: 'passkey.add', subject: id, detail: { deviceType } });
      }
      if (context.path === passkeyPaths.delete) {
        const session = await getSessionFromCtx(context);
        const subject = String(context.body?.id);
        if (session)
          await record(session.user.id, { action: 'passkey.delete', subject, detail: {} });
      }
      return undefined;
    }),
  };
}

/**
 * Attestations are not asked for, and one that names certificates is not looked at: to check these, the library
 * would call addresses that the caller has written into them.
 */
function refuseAttestation(body: unknown): void {
  const { attestationObject } = NewCredential.parse(body).response.response;
  if (isPlain(Buffer.from(attestationObject, 'base64url'))) return;
  throw new APIError('BAD_REQUEST', {
    code: 'ATTESTATION_UNWANTED',
    message: 'The passkey must be registered without an attestation.',
  });
}

function isPlain(attestationObject: Uint8Array): boolean {
  try {
    const attestation = decodeAttestationObject(new Uint8Array(attestationObject));
    const format = attestation.get('fmt');
    // Signed by the credential itself, as some do unasked: no certificates.
    const isOwn = format === 'packed' && attestation.get('attStmt').get('x5c') === undefined;
    return format === 'none' || isOwn;
  } catch {
    // Not even CBOR: no attestation of the kind that is wanted.
    return false;
  }
}

/** Somebody else's passkey does not exist, whatever the plugin would say of it. */
async function refuseForeign(pool: Pool, id: string, userId: string): Promise<void> {
  const { rowCount } = await pool.query('SELECT FROM auth_passkey WHERE id = $1 AND user_id = $2', [
    id,
    userId,
  ]);
  if (rowCount === 0) throw APIError.from('NOT_FOUND', PASSKEY_ERROR_CODES.PASSKEY_NOT_FOUND);
}
