/** Whose a session is, and whence it was opened. */
export type SessionOwner = Readonly<{ apiToken: string; clientAddress: string }>;

/** Accounts, as far as it knows whose API tokens are good at this moment. */
export abstract class TokenCheck {
  /** `unknown`: it could not be asked. */
  abstract ask(owner: SessionOwner): Promise<'good' | 'revoked' | 'unknown'>;
}
