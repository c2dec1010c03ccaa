import type { Principal } from '@aisbf/contracts';

/** Whoever does something, and from where. */
export type Actor = Readonly<{ principal: Principal; address: string | null }>;

/** What was done. Details are facts that help to understand it later; never a secret. */
export type Deed = Readonly<{
  action:
    | 'user.create'
    | 'user.update'
    | 'api-token.create'
    | 'api-token.update'
    | 'api-token.rotate'
    | 'api-token.revoke'
    | 'credit.grant'
    | 'session.begin'
    | 'session.end'
    | 'password.change'
    | 'two-factor.change'
    | 'email.verify';
  subject: string;
  detail: Readonly<Record<string, string | number | boolean | null | readonly string[]>>;
}>;

/** One line of the record: a deed, by whom, and whose matter it is. */
export type AuditEntry = Deed &
  Readonly<{
    ownerId: string;
    actorUser: string | null;
    actorToken: string | null;
    address: string | null;
  }>;

export function auditEntry({ principal, address }: Actor, ownerId: string, deed: Deed): AuditEntry {
  return {
    ...deed,
    ownerId,
    actorUser: principal.userId,
    actorToken: principal.apiTokenId,
    address,
  };
}
