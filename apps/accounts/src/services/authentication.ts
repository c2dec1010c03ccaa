import { createHash } from 'node:crypto';
import type { Acknowledgement } from '@aisbf/contracts';
import { Injectable } from '@nestjs/common';
import { faults } from '../domain/faults.js';
import { Mailer } from './mailer.js';
import { Revocations } from './revocations.js';
import { AttemptLimits, SignIn, Usernames } from './sign-in.js';

export class AuthenticationSettings {
  constructor(
    readonly isSignUpOpen: boolean,
    /** Attempts at one account in a window, from however many addresses. */
    readonly attemptsMax: number,
    readonly windowMs: number,
  ) {}
}

/** One call: which of the routes of the contract, what it says, and the same as the library takes it. */
export type AuthCall = Readonly<{
  operationId: string;
  body: Readonly<Record<string, unknown>>;
  request: Request;
}>;

export type AuthAnswer = Readonly<{
  response: Response;
  /** Where the call may have ended a session. */
  acknowledgement: Acknowledgement | undefined;
}>;

/** After these, somebody may do less than before. */
const endings: ReadonlySet<string> = new Set([
  'signOut',
  'endOtherSessions',
  'changePassword',
  'resetPassword',
  'enableTwoFactor',
  'disableTwoFactor',
  'enterTotp',
]);
const mailed: ReadonlySet<string> = new Set(['signUp', 'sendVerification', 'requestPasswordReset']);

/** What the market demands of those who sign in, around what the library does. */
@Injectable()
export class Authentication {
  constructor(
    private readonly signIn: SignIn,
    private readonly mailer: Mailer,
    private readonly attempts: AttemptLimits,
    private readonly usernames: Usernames,
    private readonly revocations: Revocations,
    private readonly settings: AuthenticationSettings,
  ) {}

  async answer(call: AuthCall): Promise<AuthAnswer> {
    // By what is asked alone, never by whether the address is known.
    if (mailed.has(call.operationId) && !this.mailer.isAvailable) throw faults.MAIL_UNAVAILABLE();
    await this.takeAttempt(call);
    const response =
      call.operationId === 'signUp'
        ? await this.signUp(call)
        : await this.signIn.handle(call.request);
    const isEnding = response.ok && endings.has(call.operationId);
    const acknowledgement = isEnding ? await this.revocations.acknowledged() : undefined;
    return { response, acknowledgement };
  }

  /**
   * The name is taken before the library looks for the address. It stays so where the address turns out to be
   * known: a name that had become free again would tell.
   */
  private async signUp({ body, request }: AuthCall): Promise<Response> {
    if (!this.settings.isSignUpOpen) throw faults.SIGN_UP_CLOSED();
    const username = String(body.username);
    if (!(await this.usernames.claim(username))) throw faults.USERNAME_TAKEN();
    const response = await this.signIn.handle(request);
    if (!response.ok) await this.usernames.release(username);
    return response;
  }

  private async takeAttempt({ operationId, body }: AuthCall): Promise<void> {
    if (operationId !== 'signIn' && !mailed.has(operationId)) return;
    const { attemptsMax, windowMs } = this.settings;
    const kind = operationId === 'signIn' ? 'password' : 'mail';
    // Hashed: who tries what is nobody's to read in a table.
    const account = createHash('sha256').update(String(body.email)).digest('base64url');
    const waitMs = await this.attempts.take(`${kind}:${account}`, attemptsMax, windowMs);
    if (waitMs > 0) throw faults.ATTEMPTS_TOO_MANY({ retryAfterMs: waitMs });
  }
}
