import type { ListChanges } from '@aisbf/contracts';
import type { Prices } from '@aisbf/money';
import { Injectable } from '@nestjs/common';
import { faults } from '../domain/faults.js';
import type { Change, PastChange } from '../domain/schedule.js';
import type { OwnFee, TermKind } from '../domain/term.js';
import { type HistoryPage, TermHistory } from '../services/term-history.js';
import { ReadingPool } from './router-database.js';
import { type TermRow, toFeeChange, toPriceChange } from './term-rows.js';

type Subject = Readonly<{ kind: TermKind; id: string }>;

/** Reads histories where they are kept: no router holds them in memory. */
@Injectable()
export class PgTermHistory extends TermHistory {
  constructor(private readonly pool: ReadingPool) {
    super();
  }

  prices(listingId: string, page: ListChanges): Promise<HistoryPage<Prices>> {
    return this.page({ kind: 'listing_prices', id: listingId }, page, toPriceChange);
  }

  fees(
    kind: 'listing_fee' | 'seller_fee',
    id: string,
    page: ListChanges,
  ): Promise<HistoryPage<OwnFee>> {
    return this.page({ kind, id }, page, toFeeChange);
  }

  private async page<Value>(
    { kind, id }: Subject,
    { limit, cursor }: ListChanges,
    toChange: (row: TermRow) => Change<Value>,
  ): Promise<HistoryPage<Value>> {
    const rows = await this.rows([kind, id, cursor ?? null, limit + 1]);
    const shown = rows.slice(0, limit);
    const last = rows.length > limit ? shown.at(-1) : undefined;
    return {
      changes: shown.map((row) => toPastChange(row, toChange)),
      nextCursor: last?.sequence ?? null,
    };
  }

  private async rows(values: readonly unknown[]): Promise<readonly TermRow[]> {
    try {
      const { rows } = await this.pool.query<TermRow>(
        `SELECT * FROM term_change
         WHERE kind = $1 AND subject_id = $2 AND ($3::bigint IS NULL OR sequence < $3)
         ORDER BY sequence DESC LIMIT $4`,
        [...values],
      );
      return rows;
    } catch (cause) {
      throw faults.CATALOGUE_UNREACHABLE({}, { cause });
    }
  }
}

function toPastChange<Value>(
  row: TermRow,
  toChange: (row: TermRow) => Change<Value>,
): PastChange<Value> {
  const { withdrawn_at: at, withdrawn_by_username: by } = row;
  return { ...toChange(row), withdrawn: at && { atMs: at.getTime(), by } };
}
