import { z } from 'zod';
import { AccessKeys } from './access.js';
import { Email } from './account-api.js';
import { Id, Name } from './field.js';
import * as passkey from './passkey.js';
import { Role } from './principal.js';
import type { RestRoute } from './rest-route.js';

/** Signing up and in, under `/api/account/auth`. Cookies hold the session; what else there is, is said here. */

/** Long enough to resist guessing, short enough to be hashed in time. */
const Password = z.string().min(10).max(128);
/** Where a mail's link leads in the end: a path of ours, or an address of a trusted origin. */
const ReturnUrl = z.string().min(1).max(512);
const SignInPassword = z.string().min(1).max(128);

export const SignUp = z.strictObject({
  username: Name.refine((name) => name !== 'global', 'global is the operator'),
  email: Email,
  password: Password,
  callbackURL: ReturnUrl.optional(),
});
export const SignIn = z.strictObject({
  email: Email,
  password: SignInPassword,
  rememberMe: z.boolean().optional(),
  callbackURL: ReturnUrl.optional(),
});
export const SendVerification = z.strictObject({ email: Email, callbackURL: ReturnUrl.optional() });
export const RequestReset = z.strictObject({ email: Email, redirectTo: ReturnUrl.optional() });
export const ResetPassword = z.strictObject({
  token: z.string().min(1).max(256),
  newPassword: Password,
});
export const ChangePassword = z.strictObject({
  currentPassword: SignInPassword,
  newPassword: Password,
  revokeOtherSessions: z.boolean().default(true),
});
export const ConfirmPassword = z.strictObject({ password: SignInPassword });
export const EnterCode = z.strictObject({
  code: z.string().min(6).max(32),
  trustDevice: z.boolean().optional(),
});
export const NoBody = z.strictObject({});
export const MailLink = z.object({
  token: z.string().max(2048),
  callbackURL: ReturnUrl.optional(),
});
export const ResetLink = z.object({ callbackURL: ReturnUrl.optional() });

const Person = z.object({
  id: z.string(),
  name: Name,
  email: z.string(),
  emailVerified: z.boolean(),
  role: Role,
  twoFactorEnabled: z.boolean().nullish(),
});
/** The same whether or not the address was known. */
export const SignedUp = z.object({
  user: z.object({ name: z.string(), email: z.string() }),
});
/** Either the person, or that a code is asked for. */
export const SignedIn = z.object({
  user: Person.optional(),
  twoFactorRedirect: z.boolean().optional(),
  twoFactorMethods: z.array(z.string()).optional(),
});
export const CurrentSession = z
  .object({
    session: z.object({ id: Id, expiresAt: z.string() }),
    user: Person,
  })
  .nullable();
export const AuthDone = z.object({
  status: z.boolean().optional(),
  success: z.boolean().optional(),
});
export const TwoFactorSecret = z.object({
  totpURI: z.string().describe('For an authenticator app, most often as a picture.'),
  backupCodes: z.array(z.string()).describe('Each works once. Shown this once.'),
});
export const BackupCodes = z.object({ backupCodes: z.array(z.string()) });
/** Good for a few minutes as `Authorization: Bearer …` at the management APIs. */
export const AccessTokenAnswer = z.object({ token: z.string() });

/** Where signing in is served. */
export const authPath = '/api/account/auth';

type AuthRoute = Omit<RestRoute, 'path' | 'credential'> &
  Readonly<{ path: string; credential: 'session' | 'nobody' }>;

const route = (
  method: 'get' | 'post',
  path: string,
  credential: AuthRoute['credential'],
  rest: Pick<AuthRoute, 'operationId' | 'summary' | 'answer'> & Partial<AuthRoute>,
): AuthRoute => ({ ...rest, method, path: `${authPath}${path}`, credential });

const ok = (schema: z.ZodType) => ({ status: 200, schema }) as const;

export const authRoutes: readonly AuthRoute[] = [
  route('post', '/sign-up/email', 'nobody', {
    operationId: 'signUp',
    summary: 'Make oneself a user, where this market is open to that',
    description:
      'A mail with a link proves the address. The answer is the same where somebody has it already.',
    request: SignUp,
    answer: ok(SignedUp),
  }),
  route('post', '/sign-in/email', 'nobody', {
    operationId: 'signIn',
    summary: 'Begin a session with a password',
    request: SignIn,
    answer: ok(SignedIn),
  }),
  route('post', '/two-factor/verify-totp', 'nobody', {
    operationId: 'enterTotp',
    summary: 'Enter the code of an authenticator app: to sign in, or to begin to use it',
    request: EnterCode,
    answer: ok(SignedIn),
  }),
  route('post', '/two-factor/verify-backup-code', 'nobody', {
    operationId: 'enterBackupCode',
    summary: 'Sign in with a backup code, once',
    request: EnterCode,
    answer: ok(SignedIn),
  }),
  route('get', '/verify-email', 'nobody', {
    operationId: 'verifyEmail',
    summary: 'The link of a mail that proves an address',
    query: MailLink,
    answer: ok(AuthDone),
  }),
  route('post', '/send-verification-email', 'nobody', {
    operationId: 'sendVerification',
    summary: 'Send that mail again',
    request: SendVerification,
    answer: ok(AuthDone),
  }),
  route('post', '/request-password-reset', 'nobody', {
    operationId: 'requestPasswordReset',
    summary: 'Send a link to choose a new password with, if somebody has this address',
    request: RequestReset,
    answer: ok(AuthDone),
  }),
  route('get', '/reset-password/{token}', 'nobody', {
    operationId: 'followPasswordReset',
    summary: 'The link of that mail: leads on to the page that asks for the password',
    pathParameters: { token: z.string().min(1).max(256) },
    query: ResetLink,
    answer: { status: 302 },
  }),
  route('post', '/reset-password', 'nobody', {
    operationId: 'resetPassword',
    summary: 'Choose a new password with the token of that link; ends all sessions',
    request: ResetPassword,
    answer: ok(AuthDone),
  }),
  route('get', '/get-session', 'nobody', {
    operationId: 'getSession',
    summary: 'Who is signed in; null where nobody is',
    answer: ok(CurrentSession),
  }),
  route('get', '/jwks', 'nobody', {
    operationId: 'getAccessKeys',
    summary: 'The public keys of access tokens (RFC 7517)',
    answer: ok(AccessKeys),
  }),
  route('get', '/token', 'session', {
    operationId: 'getAccessToken',
    summary: 'A signed token for the management APIs, good for a few minutes',
    answer: ok(AccessTokenAnswer),
  }),
  route('post', '/two-factor/enable', 'session', {
    operationId: 'enableTwoFactor',
    summary: 'Get a secret for an authenticator app; a code from it begins its use',
    request: ConfirmPassword,
    answer: ok(TwoFactorSecret),
  }),
  route('post', '/two-factor/generate-backup-codes', 'session', {
    operationId: 'replaceBackupCodes',
    summary: 'New backup codes instead of the ones before',
    request: ConfirmPassword,
    answer: ok(BackupCodes),
  }),
  route('post', '/two-factor/disable', 'session', {
    operationId: 'disableTwoFactor',
    summary: 'Sign in with the password alone again',
    request: ConfirmPassword,
    answer: ok(AuthDone),
  }),
  route('get', '/passkey/generate-register-options', 'session', {
    operationId: 'beginPasskey',
    summary: 'Begin to register a passkey',
    description:
      'The challenge is good for five minutes and once, with the cookie that comes with it. Wants a session of the last day.',
    answer: ok(passkey.PasskeyCreation),
  }),
  route('post', '/passkey/verify-registration', 'session', {
    operationId: 'addPasskey',
    summary: 'Register what the browser has made of it',
    request: passkey.AddPasskey,
    answer: ok(passkey.Passkey),
  }),
  route('get', '/passkey/list-user-passkeys', 'session', {
    operationId: 'listPasskeys',
    summary: 'Own passkeys',
    answer: ok(passkey.Passkeys),
  }),
  route('post', '/passkey/delete-passkey', 'session', {
    operationId: 'deletePasskey',
    summary: 'Sign in with this passkey no more',
    description: 'Sessions that it has begun go on.',
    request: passkey.DeletePasskey,
    answer: ok(AuthDone),
  }),
  route('get', '/passkey/generate-authenticate-options', 'nobody', {
    operationId: 'beginPasskeySignIn',
    summary: 'Begin to sign in with a passkey',
    description: 'As with registering one. Nobody need say who they are: the passkey does.',
    answer: ok(passkey.PasskeyChallenge),
  }),
  route('post', '/passkey/verify-authentication', 'nobody', {
    operationId: 'signInWithPasskey',
    summary: 'Begin a session with what the browser has signed',
    description: 'No second factor is asked for: the passkey is one thing, unlocking it another.',
    request: passkey.SignInWithPasskey,
    answer: ok(SignedIn),
  }),
  route('post', '/change-password', 'session', {
    operationId: 'changePassword',
    summary: 'Change the password; ends the other sessions',
    request: ChangePassword,
    answer: ok(AuthDone),
  }),
  route('post', '/revoke-other-sessions', 'session', {
    operationId: 'endOtherSessions',
    summary: 'End all sessions but this one',
    request: NoBody,
    isRequestOptional: true,
    answer: ok(AuthDone),
  }),
  route('post', '/sign-out', 'nobody', {
    operationId: 'signOut',
    summary: 'End this session; its access tokens are refused everywhere when this has answered',
    description: 'Without a session there is nothing to do.',
    answer: ok(AuthDone),
  }),
];

export const authRequests = {
  SignUp,
  SignIn,
  SendVerification,
  RequestReset,
  ResetPassword,
  ChangePassword,
  ConfirmPassword,
  EnterCode,
  AddPasskey: passkey.AddPasskey,
  SignInWithPasskey: passkey.SignInWithPasskey,
  DeletePasskey: passkey.DeletePasskey,
  NoBody,
};
export const authAnswers = {
  SignedUp,
  SignedIn,
  CurrentSession,
  AuthDone,
  TwoFactorSecret,
  BackupCodes,
  Passkey: passkey.Passkey,
  Passkeys: passkey.Passkeys,
  PasskeyCreation: passkey.PasskeyCreation,
  PasskeyChallenge: passkey.PasskeyChallenge,
  AccessToken: AccessTokenAnswer,
};
