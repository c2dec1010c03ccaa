import type { Prices } from '@aisbf/money';
import type { Change } from '../domain/schedule.js';
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
