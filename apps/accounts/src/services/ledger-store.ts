import type { Authorise, Authorised, Settle, Settled, Withdrawn } from '@aisbf/contracts';
import type { Nanos } from '@aisbf/money';
import type { Charge, HeldTerms } from '../domain/charge.js';
import type { HoldRecord } from '../domain/receipt.js';

/** Why money was not set aside, as the ledger knows it. */
export type Decline =
  | 'api_token_revoked'
  | 'concurrency_exceeded'
  | 'insufficient_balance'
  | 'held_by_other_requests'
  | 'request_withdrawn'
  | 'parameters_differ';

export type AuthoriseAnswer = Authorised | Readonly<{ declined: Decline }>;

/** `missing` and `declined`: there is no money behind this id. */
export type SettleAnswer = Readonly<{
  result: Settled['result'] | 'missing' | 'declined';
  charged: Nanos;
}>;

/** The movements of money. Each is one transaction, and safe to repeat. */
export abstract class LedgerStore {
  abstract authorise(command: Authorise): Promise<AuthoriseAnswer>;
  /** What was fixed at admission; it never changes, so no lock is needed to read it. */
  abstract heldTerms(requestId: string): Promise<HeldTerms | undefined>;
  abstract settle(command: Settle, charge: Charge): Promise<SettleAnswer>;
  /** Ends the request's hold, or prevents it: whatever is to come for this id, nothing stays held. */
  abstract withdraw(requestId: string): Promise<Withdrawn['result']>;
  /** Takes back holds past their expiry; gives their ids. */
  abstract reapExpired(limit: number): Promise<readonly string[]>;
  abstract grant(grant: Grant): Promise<'granted' | 'replay' | 'parameters_differ'>;
}

export type Grant = Readonly<{ grantId: string; ownerId: string; amount: Nanos; reason: string }>;

export type WalletState = Readonly<{ posted: Nanos; held: Nanos; earned: Nanos }>;

export type Violation = Readonly<{ violation: string; subject: string; detail: string }>;

/** The ledger as it can be looked at. */
export abstract class LedgerReader {
  abstract wallet(ownerId: string): Promise<WalletState>;
  abstract receipt(ownerId: string, requestId: string): Promise<HoldRecord | undefined>;
  abstract receipts(ownerId: string, before: Date, limit: number): Promise<readonly HoldRecord[]>;
  abstract violations(): Promise<readonly Violation[]>;
}
