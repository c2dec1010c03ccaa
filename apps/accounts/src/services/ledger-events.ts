import type { Settled, Withdrawn } from '@aisbf/contracts';
import type { Nanos } from '@aisbf/money';
import type { Charge } from '../domain/charge.js';
import type { Violation } from './ledger-store.js';

export type SettledEvent = Readonly<{
  requestId: string;
  result: Settled['result'];
  charged: Nanos;
  charge: Charge;
}>;

/** What happened to money, for people and for counters. */
export abstract class LedgerEvents {
  abstract settled(event: SettledEvent): void;
  abstract withdrawn(withdrawn: Withdrawn): void;
  /** What was taken back because nobody ended it in time. */
  abstract reaped(what: 'holds' | 'leases', ids: readonly string[]): void;
  abstract checked(violations: readonly Violation[]): void;
  /** Work in the background failed and will be tried again. */
  abstract failed(what: string, error: unknown): void;
}
