import type { Authorise, Authorised, Extended, Settle, Settled, Withdrawn } from '@aisbf/contracts';
import type { Nanos } from '@aisbf/money';
import type { Note } from '../domain/audit.js';
import type { Charge, HeldTerms } from '../domain/charge.js';
import type { Evidence } from '../domain/evidence.js';
import type { LeasedRequest } from '../domain/lease-ticket.js';
import type { ReceiptRecord } from '../domain/receipt.js';

/** Why money was not set aside, as the ledger knows it. */
export type Decline =
  | 'api_token_revoked'
  | 'concurrency_exceeded'
  | 'insufficient_balance'
  | 'held_by_other_requests'
  | 'request_withdrawn'
  | 'budget_exceeded'
  | 'parameters_differ'
  | 'idempotency_key_reused'
  | 'idempotency_key_running';

/** `recall`: nothing was decided; what is missing lies in leases of this owner. */
export type AuthoriseAnswer = Authorised | Readonly<{ declined: Decline | 'recall' }>;

/** `missing` and `declined`: there is no money behind this id. */
export type SettleAnswer = Readonly<{
  result: Settled['result'] | 'missing' | 'declined';
  charged: Nanos;
}>;

/** A request that ends, and what it costs; `leased` where its money is a lease's. */
export type Ending = Readonly<{
  command: Settle;
  charge: Charge;
  leased: LeasedRequest | undefined;
}>;

/** The movements of money. Each is one transaction, and safe to repeat. */
export abstract class LedgerStore {
  /** With `mayRecall` a request that leases stand in the way of is not declined, but told so. */
  abstract authorise(command: Authorise, mayRecall: boolean): Promise<AuthoriseAnswer>;
  /** Gives a running request this amount in all, where there is so much. */
  abstract extend(request: ExtendRequest): Promise<ExtendAnswer>;
  /** What was fixed at admission; it never changes, so no lock is needed to read it. */
  abstract heldTerms(requestId: string): Promise<HeldTerms | undefined>;
  abstract settle(ending: Ending): Promise<SettleAnswer>;
  /** Ends the request's hold, or prevents it: whatever is to come for this id, nothing stays held. */
  abstract withdraw(requestId: string): Promise<Withdrawn['result']>;
  /** Takes back holds past their expiry, and settles those that have evidence by it; gives their ids. */
  abstract reapExpired(limit: number): Promise<readonly string[]>;
  abstract grant(
    grant: Grant,
    notes: readonly Note[],
  ): Promise<'granted' | 'replay' | 'parameters_differ'>;
  /** Adds what has moved to the sums that are kept; gives how many transactions it were. */
  abstract fold(limit: number): Promise<number>;
}

export type ExtendRequest = Readonly<{
  requestId: string;
  holdEpoch: number;
  leased: LeasedRequest | undefined;
  amount: Nanos;
  /** Of a session: until when it is to be held. */
  renewUntilMs?: number | undefined;
  /** And what it has come to, to be kept with its hold. */
  evidence?: Evidence | undefined;
}>;

export type ExtendAnswer = Readonly<{
  result: Extended['result'] | 'missing';
  amount: Nanos;
}>;

export type Grant = Readonly<{ grantId: string; ownerId: string; amount: Nanos; reason: string }>;

export type WalletState = Readonly<{
  posted: Nanos;
  promo: Nanos;
  held: Nanos;
  earned: Nanos;
  owed: Nanos;
}>;

/** The ledger as it can be looked at. */
export abstract class LedgerReader {
  abstract wallet(ownerId: string): Promise<WalletState>;
  abstract receipt(ownerId: string, requestId: string): Promise<ReceiptRecord | undefined>;
}
