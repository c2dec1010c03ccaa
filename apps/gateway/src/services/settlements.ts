import type { GetReceipt, Receipt, Settle } from '@aisbf/contracts';

/** Accounts: hears of every request's end, and gives receipts. */
export abstract class Settlements {
  /** Returns at once; the report is delivered however long that takes. */
  abstract report(settlement: Settle, holdExpiresAtMs: number): void;
  /** Resolves when the ledger has counted it, or another before it; throws where it cannot be asked. */
  abstract settleNow(settlement: Settle): Promise<void>;
  /** Takes back a request that was admitted perhaps and will not be served. Returns at once, too. */
  abstract withdraw(requestId: string): void;
  abstract receipt(question: Omit<GetReceipt, 'type'>): Promise<Receipt>;
}
