import type { PayoutRecord } from '../domain/payout.js';

/** What happened to payouts, for people and for counters. */
export abstract class PayoutEvents {
  abstract prepared(payoutId: string, ownerId: string): void;
  abstract booked(payout: PayoutRecord, state: 'paid' | 'failed' | 'reversed'): void;
  /** The provider did not say what became of it. */
  abstract unknown(payout: PayoutRecord, error: unknown): void;
  /** Nobody knows what became of it, and it cannot be asked for again: a person must look. */
  abstract stuck(payout: PayoutRecord): void;
  /** Its provider says otherwise than before: a person must look. */
  abstract contradicted(payout: PayoutRecord, outcome: string): void;
  /** Work in the background failed and will be tried again. */
  abstract failed(what: string, error: unknown): void;
}
