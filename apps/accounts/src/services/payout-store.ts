import type {
  EarningsBalance,
  ListPayouts,
  PayoutAccount,
  PayoutProviderKind,
  RecordedPayoutOutcomes,
} from '@aisbf/contracts';
import type { Nanos } from '@aisbf/money';
import type { Note } from '../domain/audit.js';
import type { PayoutRecord } from '../domain/payout.js';

/** An owner whose earnings can be paid out now. */
export type Payee = Readonly<{ ownerId: string; username: string; payable: Nanos }>;

export type PayoutEnding = Readonly<{
  outcome: 'paid' | 'failed';
  /** How much of it came back, all in all. */
  reversed: Nanos;
  providerRef: string | null;
  reason: string | null;
  /** When to look at it again; null for never. */
  dueMs: number | null;
}>;

export type Booked = Exclude<RecordedPayoutOutcomes['results'][number]['result'], 'undecided'>;

/** The steps of a payout. Each is one transaction, and safe to repeat. */
export abstract class PayoutStore {
  /** Those behind this owner, in the order of their ids. */
  abstract payees(behindOwnerId: string | null, limit: number): Promise<readonly Payee[]>;
  /** Sets what is payable aside; gives how much, or undefined where there is nothing to pay out any more. */
  abstract prepare(
    payoutId: string,
    ownerId: string,
    notes: readonly Note[],
  ): Promise<Nanos | undefined>;
  abstract due(limit: number): Promise<readonly PayoutRecord[]>;
  /** Undefined where somebody else has asked for it meanwhile, or nobody may any more. */
  abstract claim(payout: PayoutRecord, dueMs: number): Promise<PayoutRecord | undefined>;
  abstract book(payoutId: string, ending: PayoutEnding, notes?: readonly Note[]): Promise<Booked>;
  /** Looked at without news; null: for the last time. */
  abstract postpone(payout: PayoutRecord, dueMs: number | null): Promise<void>;
  abstract find(payoutId: string): Promise<PayoutRecord | undefined>;
}

export type PayoutList = Readonly<
  Pick<ListPayouts, 'limit' | 'before' | 'state'> & { ownerId: string | undefined }
>;

export type PayoutBatchRecord = Readonly<{
  batchId: string;
  createdAt: Date;
  payouts: number;
  amount: Nanos;
}>;

/** Payouts as owners and operators see them, and where they go. */
export abstract class PayoutBooks {
  abstract balance(
    owner: Readonly<{ ownerId: string; username: string }>,
  ): Promise<EarningsBalance>;
  abstract list(query: PayoutList): Promise<readonly PayoutRecord[]>;
  abstract account(ownerId: string): Promise<PayoutAccount>;
  abstract putAccount(
    ownerId: string,
    account: Readonly<{ provider: PayoutProviderKind; destination: string; isReady: boolean }>,
    notes: readonly Note[],
  ): Promise<void>;
  abstract fillBatch(batchId: string, note: Note): Promise<PayoutBatchRecord>;
  /** Undefined where there is no such batch. */
  abstract batch(batchId: string): Promise<AsyncIterable<PayoutRecord> | undefined>;
}

/** Where payouts wait to be looked after. It may lose all it has: the store knows what is due. */
export abstract class PayoutQueue {
  abstract add(payouts: readonly Pick<PayoutRecord, 'id' | 'sends' | 'looks'>[]): Promise<void>;
  /** Makes sure that runs and sweeps come round. */
  abstract ensure(): Promise<void>;
}
