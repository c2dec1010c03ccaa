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
    | 'top-up.refund'
    | 'request.refund'
    | 'debt.write-off'
    | 'auto-top-up.put'
    | 'payout-account.put'
    | 'payout-account.onboard'
    | 'payout-run.begin'
    | 'payout.prepare'
    | 'payout-batch.create'
    | 'payout.outcome'
    | 'repair.propose'
    | 'repair.apply'
    | 'repair.refuse'
    | 'session.begin'
    | 'session.end'
    | 'password.change'
    | 'two-factor.change'
    | 'passkey.add'
    | 'passkey.delete'
    | 'email.verify';
  subject: string;
  detail: Readonly<Record<string, string | number | boolean | null | readonly string[]>>;
}>;

/** A deed and by whom; whose matter it is, the ledger finds out when it is done. */
export type ActedDeed = Deed &
  Readonly<{ actorUser: string | null; actorToken: string | null; address: string | null }>;

/** One line of the record: a deed, by whom, and whose matter it is. */
export type AuditEntry = ActedDeed & Readonly<{ ownerId: string }>;

export function actedDeed({ principal, address }: Actor, deed: Deed): ActedDeed {
  return { ...deed, actorUser: principal.userId, actorToken: principal.apiTokenId, address };
}

export function auditEntry(actor: Actor, ownerId: string, deed: Deed): AuditEntry {
  return { ...actedDeed(actor, deed), ownerId };
}

/** What is to be written down with an act, in its transaction, where it comes out as one of these. */
export type Note = Readonly<{ when: readonly string[]; deed: ActedDeed }>;
