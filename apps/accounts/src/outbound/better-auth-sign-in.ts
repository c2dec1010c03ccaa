import { hkdfSync } from 'node:crypto';
import {
  AccessKeys,
  accessTokenAudience,
  accessTokenIssuer,
  authPath,
  internalHeaders,
} from '@aisbf/contracts';
import { Log } from '@aisbf/platform';
import { PASSKEY_ERROR_CODES } from '@better-auth/passkey';
import { type BetterAuthOptions, betterAuth } from 'better-auth';
import { APIError } from 'better-auth/api';
import { jwt, twoFactor } from 'better-auth/plugins';
import type { Pool } from 'pg';
import type { Deed } from '../domain/audit.js';
import { faults } from '../domain/faults.js';
import { knownAddressMail, passwordMail, verificationMail } from '../domain/mail.js';
import { AuditStore } from '../services/audit-log.js';
import { Mailer } from '../services/mailer.js';
import { Sessions, SignIn } from '../services/sign-in.js';
import { watchCeremony } from './passkey-ceremony.js';
import { passkeyHooks, passkeyPaths, passkeys } from './passkeys.js';
import { isPassing } from './pg-retry.js';
import { signInTables } from './sign-in-tables.js';

export type SignInSettings = Readonly<{
  publicUrl: string;
  trustedOrigins: readonly string[];
  pepper: string;
  sessionTtlMs: number;
  accessTokenTtlMs: number;
  linkTtlMs: number;
  /** Calls of one address in a minute. */
  addressAttemptsMax: number;
  /** Of one user. */
  passkeysMax: number;
}>;

export type SignInParts = Readonly<{
  pool: Pool;
  sessions: Sessions;
  mailer: Mailer;
  audit: AuditStore;
  log: Log;
}>;

/** Where the door writes the caller's address, in place of whatever the caller has written there. */
export const callerAddressHeader = internalHeaders.callerAddress;

const minuteS = 60;
/** Keys change this often; the ones before verify for as long as a token of theirs may live, and more. */
const keyTtlS = 30 * 86_400;
const keyGraceS = 86_400;

/** A key of its own for what the library signs and encrypts, so that no secret serves two purposes. */
function secretFrom(pepper: string): string {
  return Buffer.from(hkdfSync('sha256', pepper, '', 'aisbf sign-in', 32)).toString('base64url');
}

/** better-auth over our tables. */
export class BetterAuthSignIn extends SignIn {
  private readonly auth;

  constructor(parts: SignInParts, settings: SignInSettings) {
    super();
    this.auth = betterAuth(options(parts, settings));
  }

  async handle(request: Request): Promise<Response> {
    try {
      return await watchCeremony(() => this.auth.handler(request));
    } catch (error) {
      throw isPassing(error) ? faults.SIGN_IN_UNAVAILABLE({}, { cause: error }) : error;
    }
  }

  async accessKeys(): Promise<AccessKeys> {
    return AccessKeys.parse(await this.auth.api.getJwks());
  }

  async sendPasswordLink(email: string): Promise<void> {
    await this.auth.api.requestPasswordReset({ body: { email, redirectTo: '/' } });
  }
}

/** What the library is told; its own defaults stand where nothing is said. */
export function options(parts: SignInParts, settings: SignInSettings) {
  const { pool, log } = parts;
  const { publicUrl, sessionTtlMs, linkTtlMs, addressAttemptsMax } = settings;
  const linkTtlS = linkTtlMs / 1_000;
  const { user, session, account, verification, rateLimit } = signInTables;
  const perMinute = { window: minuteS, max: addressAttemptsMax };
  return {
    appName: 'AISBF',
    baseURL: publicUrl,
    basePath: authPath,
    secret: secretFrom(settings.pepper),
    database: pool,
    trustedOrigins: [...settings.trustedOrigins],
    telemetry: { enabled: false },
    // To our own door: its log drops secrets, and tells a bug from a database that is away.
    onAPIError: { throw: true },
    user,
    account,
    // Whoever reads the database, or a backup of it, must not be able to follow the links that were mailed.
    verification: { ...verification, storeIdentifier: 'hashed' },
    session: { ...session, expiresIn: sessionTtlMs / 1_000 },
    rateLimit: {
      ...rateLimit,
      enabled: true,
      storage: 'database',
      customRules: {
        '/sign-in/*': perMinute,
        '/sign-up/*': perMinute,
        '/two-factor/*': perMinute,
        '/passkey/*': perMinute,
        '/request-password-reset': perMinute,
        '/send-verification-email': perMinute,
      },
    },
    emailAndPassword: {
      enabled: true,
      requireEmailVerification: true,
      minPasswordLength: 10,
      maxPasswordLength: 128,
      revokeSessionsOnPasswordReset: true,
      resetPasswordTokenExpiresIn: linkTtlS,
      sendResetPassword: (mail) => sendPasswordMail(parts, mail),
      // Whoever followed the link has the address.
      onPasswordReset: async ({ user: { id } }, request) => {
        await pool.query('UPDATE app_user SET email_verified = true WHERE id = $1', [id]);
        const address = request?.headers.get(callerAddressHeader) ?? null;
        const deed = { action: 'password.change', subject: id, detail: { byMail: true } } as const;
        await parts.audit.recordOf(id, deed, address);
      },
      onExistingUserSignUp: ({ user: { email } }) => parts.mailer.send(knownAddressMail(email)),
    },
    emailVerification: {
      sendOnSignUp: true,
      expiresIn: linkTtlS,
      sendVerificationEmail: ({ user: { email }, url }) =>
        parts.mailer.send(verificationMail(email, url)),
    },
    databaseHooks: recordHooks(parts),
    hooks: passkeyHooks(parts, callerAddressHeader),
    plugins: [
      twoFactor({ issuer: 'AISBF', schema: signInTables.twoFactor }),
      passkeys(parts, settings),
      accessTokens(parts, settings),
    ],
    advanced: advancedOptions(publicUrl, log),
    logger: discreet(log),
  } satisfies BetterAuthOptions;
}

function advancedOptions(publicUrl: string, log: Log): NonNullable<BetterAuthOptions['advanced']> {
  return {
    cookiePrefix: 'aisbf',
    useSecureCookies: publicUrl.startsWith('https:'),
    // Said, since the library leaves them out where it believes to be tested.
    disableOriginCheck: false,
    disableCSRFCheck: false,
    ipAddress: { ipAddressHeaders: [callerAddressHeader] },
    database: { generateId: 'uuid' },
    backgroundTasks: {
      // Mails are sent after the answer, so that its time does not tell whether one was.
      handler: (work: Promise<unknown>) => {
        work.catch((error: unknown) => log.error({ error }, 'a mail could not be sent'));
      },
    },
  };
}

/** What the library says may name somebody's address. */
function discreet(log: Log): NonNullable<BetterAuthOptions['logger']> {
  return {
    level: 'debug',
    log: (level, message) =>
      log.debug({ weight: level, message: message.replaceAll(/\S+@\S+/g, '[address]') }, 'sign-in'),
  };
}

/** The tokens that other services read by themselves. They say what the session is at this moment. */
function accessTokens({ sessions }: SignInParts, { accessTokenTtlMs }: SignInSettings) {
  return jwt({
    schema: signInTables.jwt,
    disableSettingJwtHeader: true,
    jwks: {
      keyPairConfig: { alg: 'EdDSA', crv: 'Ed25519' },
      rotationInterval: keyTtlS,
      gracePeriod: keyGraceS,
    },
    jwt: {
      issuer: accessTokenIssuer,
      audience: accessTokenAudience,
      definePayload: async ({ session }) => {
        const live = await sessions.find(session.id);
        if (!live) throw new APIError('UNAUTHORIZED', { message: 'The session has ended.' });
        const endMs = Math.min(Date.now() + accessTokenTtlMs, live.expiresAt.getTime());
        return {
          sid: live.sessionId,
          owner: live.ownerId,
          name: live.username,
          role: live.role,
          rev: live.revision,
          exp: Math.floor(endMs / 1_000),
        };
      },
    },
  });
}

async function sendPasswordMail(
  { mailer, pool }: SignInParts,
  { user, url }: Readonly<{ user: Readonly<{ id: string; email: string }>; url: string }>,
): Promise<void> {
  const { rowCount } = await pool.query(
    "SELECT FROM auth_account WHERE user_id = $1 AND provider_id = 'credential'",
    [user.id],
  );
  await mailer.send(passwordMail(user.email, url, rowCount === 0));
}

const wrongPassword = {
  code: 'INVALID_EMAIL_OR_PASSWORD',
  message: 'Invalid email or password',
} as const;

/** As if there were no such user; a call that comes between is stopped by the database. */
async function refuseDisabled(pool: Pool, userId: string, context: HookContext): Promise<void> {
  const { rowCount } = await pool.query(
    'SELECT FROM app_user WHERE id = $1 AND disabled_at IS NULL',
    [userId],
  );
  if (rowCount === 1) return;
  const said = isByPasskey(context) ? PASSKEY_ERROR_CODES.PASSKEY_NOT_FOUND : wrongPassword;
  throw new APIError('UNAUTHORIZED', said);
}

function isByPasskey(context: HookContext): boolean {
  return context?.path === passkeyPaths.signIn;
}

type HookContext = Readonly<{ headers?: Headers | undefined; path?: string }> | null;

/** What happens to a user's ways in is written down. */
function recordHooks({
  audit,
  pool,
}: SignInParts): NonNullable<BetterAuthOptions['databaseHooks']> {
  const record = (
    userId: string,
    action: Deed['action'],
    subject: string,
    context: HookContext,
    detail: Deed['detail'] = {},
  ) =>
    audit.recordOf(
      userId,
      { action, subject, detail },
      context?.headers?.get(callerAddressHeader) ?? null,
    );
  return {
    user: {
      create: { after: (made, context) => record(made.id, 'user.create', made.name, context) },
      update: {
        after: async (changed, context) => {
          const action = changeOf(context?.path ?? '');
          if (action) await record(changed.id, action, changed.name, context);
        },
      },
    },
    session: {
      create: {
        before: ({ userId }, context) => refuseDisabled(pool, userId, context),
        after: (begun, context) =>
          record(begun.userId, 'session.begin', begun.id, context, {
            ...(isByPasskey(context) && { byPasskey: true }),
          }),
      },
      delete: { after: (ended, context) => record(ended.userId, 'session.end', ended.id, context) },
    },
    account: {
      update: {
        // A reset is told by its own hook: here the library does not say whose it was.
        after: async ({ userId }, context) => {
          if (userId) await record(userId, 'password.change', userId, context);
        },
      },
    },
  };
}

/** What a call has changed of a user, where that is worth a line. */
function changeOf(path: string): Deed['action'] | undefined {
  if (path.startsWith('/two-factor/')) return 'two-factor.change';
  return path === '/verify-email' ? 'email.verify' : undefined;
}
