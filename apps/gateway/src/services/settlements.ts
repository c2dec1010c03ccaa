import type { GetReceipt, Receipt, Settle } from '@aisbf/contracts';

/** Accounts: takes the report of every request's end, and gives receipts. */
export abstract class Settlements {
  /** Returns at once; the report is delivered however long that takes. */
  abstract report(settlement: Settle, holdExpiresAtMs: number): void;
  abstract receipt(question: Omit<GetReceipt, 'type'>): Promise<Receipt>;
}
