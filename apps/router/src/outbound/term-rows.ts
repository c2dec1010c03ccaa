import type { Prices } from '@aisbf/money';
import type { PoolClient } from 'pg';
import type { Change, Schedule } from '../domain/schedule.js';
import type { OwnFee, TermKind } from '../domain/term.js';
import { type PriceColumns, pricesOfRow } from './price-columns.js';

export type TermRow = PriceColumns &
  Readonly<{
    id: string;
    sequence: string;
    kind: TermKind;
    subject_id: string;
    fee_bps: number | null;
    valid_from: Date;
    set_at: Date;
    set_by_username: string | null;
    withdrawn_at: Date | null;
    withdrawn_by_username: string | null;
  }>;

/** By the subject's id. */
export type TermSchedules = Readonly<{
  prices: ReadonlyMap<string, Schedule<Prices>>;
  listingFees: ReadonlyMap<string, Schedule<OwnFee>>;
  sellerFees: ReadonlyMap<string, Schedule<OwnFee>>;
}>;

/**
 * Of every subject: what is in force at the moment of the parameter, by one look into an index, however long its
 * history is; and all that begins later.
 */
const standingSql = `
  WITH subject AS (
    SELECT 'listing_prices'::term_kind AS kind, id FROM listing
    UNION ALL SELECT 'listing_fee', id FROM listing
    UNION ALL SELECT DISTINCT kind, subject_id FROM term_change WHERE kind = 'seller_fee'
  )
  SELECT begun.* FROM subject JOIN LATERAL (
    SELECT * FROM term_change
    WHERE kind = subject.kind AND subject_id = subject.id AND withdrawn_at IS NULL AND valid_from <= $1
    ORDER BY valid_from DESC, sequence DESC LIMIT 1
  ) AS begun ON true
  UNION ALL
  SELECT * FROM term_change WHERE withdrawn_at IS NULL AND valid_from > $1
  ORDER BY valid_from, sequence`;

/** Reads what can be in force at the moment or later. */
export async function readTerms(
  client: Pick<PoolClient, 'query'>,
  fromMs: number,
): Promise<TermSchedules> {
  const { rows } = await client.query<TermRow>(standingSql, [new Date(fromMs)]);
  const ofKind = (wanted: TermKind) => rows.filter(({ kind }) => kind === wanted);
  return {
    prices: schedules(ofKind('listing_prices'), toPriceChange),
    listingFees: schedules(ofKind('listing_fee'), toFeeChange),
    sellerFees: schedules(ofKind('seller_fee'), toFeeChange),
  };
}

function schedules<Value>(
  rows: readonly TermRow[],
  toChange: (row: TermRow) => Change<Value>,
): ReadonlyMap<string, Schedule<Value>> {
  const bySubject = Map.groupBy(rows, (row) => row.subject_id);
  return new Map([...bySubject].map(([id, own]) => [id, own.map(toChange)]));
}

export function toPriceChange(row: TermRow): Change<Prices> {
  return toChange(row, pricesOfRow(row));
}

export function toFeeChange(row: TermRow): Change<OwnFee> {
  return toChange(row, row.fee_bps);
}

function toChange<Value>(row: TermRow, value: Value): Change<Value> {
  return {
    id: row.id,
    value,
    validFromMs: row.valid_from.getTime(),
    setAtMs: row.set_at.getTime(),
    setBy: row.set_by_username,
  };
}
