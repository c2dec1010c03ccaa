import type { ListChanges } from '@aisbf/contracts';
import type { Prices } from '@aisbf/money';
import type { PastChange } from '../domain/schedule.js';
import type { OwnFee } from '../domain/term.js';

/** Some of a history, what was set last first. */
export type HistoryPage<Value> = Readonly<{
  changes: readonly PastChange<Value>[];
  nextCursor: string | null;
}>;

/** All that was ever set, and what of it was withdrawn. */
export abstract class TermHistory {
  abstract prices(listingId: string, page: ListChanges): Promise<HistoryPage<Prices>>;
  /** Of a listing, or of a seller. */
  abstract fees(
    kind: 'listing_fee' | 'seller_fee',
    id: string,
    page: ListChanges,
  ): Promise<HistoryPage<OwnFee>>;
}
