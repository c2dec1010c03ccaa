import type { ListReceipts, ListSales, Sale } from '@aisbf/contracts';
import type { ReceiptRecord } from '../domain/receipt.js';
import type { ReceiptFilter } from '../domain/receipt-query.js';
import type { MonthOf } from '../domain/statement.js';
import type { UsageKind, UsageSum } from '../domain/usage.js';

/** Whose usage: as the one who bought, or as the one who sold. */
export type UsageQuestion = Readonly<{
  side: 'buyer' | 'seller';
  ownerId: string;
  by: readonly UsageKind[];
  filter: ReceiptFilter;
}>;

/** Sums of receipts, as exact as the receipts. */
export abstract class UsageReader {
  /** At most `limit` of them. */
  abstract sums(question: UsageQuestion, limit: number): Promise<readonly UsageSum[]>;
  /** All of them, read as they are taken. */
  abstract allSums(question: UsageQuestion): AsyncIterable<UsageSum>;
  /** Adds what has ended to the sums that are kept; gives how many notes it were. */
  abstract fold(limit: number): Promise<number>;
}

export type Page<Item> = Readonly<{ items: readonly Item[]; nextCursor: string | null }>;

/** Receipts one by one, the latest first. */
export abstract class ReceiptLists {
  abstract bought(ownerId: string, query: ListReceipts): Promise<Page<ReceiptRecord>>;
  abstract sold(ownerId: string, query: ListSales): Promise<Page<Sale>>;
}

/** A month of an owner's money. */
export abstract class StatementReader {
  /** Undefined where the lines are more than `linesMax`. */
  abstract month(
    ownerId: string,
    month: string,
    linesMax: number,
  ): Promise<Readonly<{ wallet: MonthOf; earnings: MonthOf }> | undefined>;
}
