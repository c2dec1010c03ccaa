import type { PaymentWebhookTaken, Settled, Withdrawn } from '@aisbf/contracts';
import type { Nanos } from '@aisbf/money';
import type { Charge } from '../domain/charge.js';
import type { Finding } from '../domain/reconciliation.js';

export type SettledEvent = Readonly<{
  requestId: string;
  result: Settled['result'];
  charged: Nanos;
  charge: Charge;
}>;

export type PaymentToldEvent = Readonly<{
  provider: string;
  id: string;
  type: string;
  result: PaymentWebhookTaken['result'];
}>;

/** What happened to money, for people and for counters. */
export abstract class LedgerEvents {
  abstract settled(event: SettledEvent): void;
  abstract withdrawn(withdrawn: Withdrawn): void;
  /** What was taken back because nobody ended it in time. */
  abstract reaped(what: 'holds' | 'leases', ids: readonly string[]): void;
  /** A payment provider told something. */
  abstract paymentTold(event: PaymentToldEvent): void;
  /** How many of its events wait for their payment, and how many a person must look at. */
  abstract paymentsLeft(left: Readonly<{ waiting: number; refused: number }>): void;
  /** What contradicts what, by the last looks of all depths. */
  abstract checked(violations: readonly Finding[]): void;
  /** Work in the background failed and will be tried again. */
  abstract failed(what: string, error: unknown): void;
}
