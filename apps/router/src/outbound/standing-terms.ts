import type { Prices } from '@aisbf/money';
import type { PoolClient } from 'pg';
import type { Change, Schedule } from '../domain/schedule.js';
import type { OwnFee, TermKind } from '../domain/term.js';
import { type TermRow, toFeeChange, toPriceChange } from './term-rows.js';

/** By the subject's id. */
export type TermSchedules = Readonly<{
  prices: ReadonlyMap<string, Schedule<Prices>>;
  listingFees: ReadonlyMap<string, Schedule<OwnFee>>;
  sellerFees: ReadonlyMap<string, Schedule<OwnFee>>;
}>;

type Queryable = Pick<PoolClient, 'query'>;
type StandingRow = Pick<TermRow, 'id' | 'kind' | 'subject_id'>;
type Known = Readonly<{ prices: Map<string, Change<Prices>>; fees: Map<string, Change<OwnFee>> }>;

/**
 * Of every subject: what is in force at the moment of the parameter, by one look into an index, however long its
 * history is; and all that begins later.
 */
const standingSql = `
  WITH subject AS (
    SELECT 'listing_prices'::term_kind AS kind, id FROM listing
    UNION ALL SELECT 'listing_fee', id FROM listing
    UNION ALL SELECT DISTINCT kind, subject_id FROM term_change WHERE kind = 'seller_fee'
  ), standing AS (
    SELECT begun.* FROM subject JOIN LATERAL (
      SELECT * FROM term_change
      WHERE kind = subject.kind AND subject_id = subject.id AND withdrawn_at IS NULL AND valid_from <= $1
      ORDER BY valid_from DESC, sequence DESC LIMIT 1
    ) AS begun ON true
    UNION ALL
    SELECT * FROM term_change WHERE withdrawn_at IS NULL AND valid_from > $1
  )
  SELECT id, kind, subject_id FROM standing ORDER BY valid_from, sequence`;

const wholeSql = 'SELECT * FROM term_change WHERE id = ANY($1)';

/**
 * Tells whether a reading is out of date: terms are added, one after the other, and those that had not begun then may
 * have been withdrawn. By their ids, as a database from a backup gives numbers again.
 */
const markSql = `
  SELECT concat(
    (SELECT id FROM term_change ORDER BY sequence DESC LIMIT 1), ' ',
    (SELECT string_agg(id::text, ' ' ORDER BY sequence) FROM term_change
     WHERE withdrawn_at IS NOT NULL AND valid_from > $1)
  ) AS mark`;

/** What was read, and from when on it holds. */
type Reading = Readonly<{ fromMs: number; mark: string; schedules: TermSchedules }>;

/**
 * Reads what can be in force at a moment or later. Most changes of the catalogue are not of terms, so that the last reading
 * holds; and what was once set never changes, so that of most of it only the name is read again.
 */
export class StandingTerms {
  private known: Known = { prices: new Map(), fees: new Map() };
  private last: Reading | undefined;

  /** To be called in a transaction that sees one moment. What has ended meanwhile may still be in a schedule. */
  async read(client: Queryable, fromMs: number): Promise<TermSchedules> {
    const { last } = this;
    if (last && last.fromMs <= fromMs && (await readMark(client, last.fromMs)) === last.mark) {
      return last.schedules;
    }
    const mark = await readMark(client, fromMs);
    const schedules = await this.readAll(client, fromMs);
    this.last = { fromMs, mark, schedules };
    return schedules;
  }

  private async readAll(client: Queryable, fromMs: number): Promise<TermSchedules> {
    const { rows } = await client.query<StandingRow>(standingSql, [new Date(fromMs)]);
    await this.learn(client, rows);
    const { prices, fees } = this.known;
    // What is no more in force is forgotten.
    this.known = { prices: only(prices, rows), fees: only(fees, rows) };
    return {
      prices: schedules(rows, 'listing_prices', prices),
      listingFees: schedules(rows, 'listing_fee', fees),
      sellerFees: schedules(rows, 'seller_fee', fees),
    };
  }

  private async learn(client: Queryable, rows: readonly StandingRow[]): Promise<void> {
    const { prices, fees } = this.known;
    const unknown = rows.filter(({ id }) => !prices.has(id) && !fees.has(id));
    if (unknown.length === 0) return;
    const ids = unknown.map(({ id }) => id);
    for (const row of (await client.query<TermRow>(wholeSql, [ids])).rows) {
      if (row.kind === 'listing_prices') prices.set(row.id, toPriceChange(row));
      else fees.set(row.id, toFeeChange(row));
    }
  }
}

async function readMark(client: Queryable, fromMs: number): Promise<string> {
  const { rows } = await client.query<{ mark: string }>(markSql, [new Date(fromMs)]);
  return rows[0]?.mark ?? '';
}

function only<Value>(known: Map<string, Value>, rows: readonly StandingRow[]): Map<string, Value> {
  const left = new Map<string, Value>();
  for (const { id } of rows) {
    const value = known.get(id);
    if (value) left.set(id, value);
  }
  return left;
}

function schedules<Value>(
  rows: readonly StandingRow[],
  wanted: TermKind,
  known: ReadonlyMap<string, Change<Value>>,
): ReadonlyMap<string, Schedule<Value>> {
  const bySubject = new Map<string, Change<Value>[]>();
  for (const { id, kind, subject_id } of rows) {
    const change = kind === wanted ? known.get(id) : undefined;
    if (!change) continue;
    const schedule = bySubject.get(subject_id);
    if (schedule) schedule.push(change);
    else bySubject.set(subject_id, [change]);
  }
  return bySubject;
}
