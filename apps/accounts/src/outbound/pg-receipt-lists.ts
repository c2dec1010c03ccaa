import type { ListReceipts, ListSales, Sale, Units } from '@aisbf/contracts';
import { Injectable } from '@nestjs/common';
import type { ReceiptRecord } from '../domain/receipt.js';
import { cursorText, parseCursor, type ReceiptFilter } from '../domain/receipt-query.js';
import { countedOf, shares } from '../domain/usage.js';
import { type Page, ReceiptLists } from '../services/usage-reader.js';
import {
  fromReceiptRow,
  type ReceiptRow,
  receiptColumns,
  runningColumns,
} from './pg-ledger-reader.js';
import { type Query, Reports } from './reports.js';

/** A moment as a whole number: JavaScript's dates would round it. */
const micros = (column: string): string => `(extract(epoch FROM ${column}) * 1000000)::bigint`;
const moment = (place: string): string =>
  `(timestamptz 'epoch' + ${place}::bigint * interval '1 microsecond')`;

type Placed = { id: string; micros: string };
type SaleRow = Placed & {
  resolved_at: Date;
  provider: string;
  model: string;
  outcome: Sale['outcome'];
  units: Units;
  delivered: Units | null;
  captured: string;
  fee: string;
  service_credit: string;
};

@Injectable()
export class PgReceiptLists extends ReceiptLists {
  constructor(private readonly reports: Reports) {
    super();
  }

  async bought(ownerId: string, query: ListReceipts): Promise<Page<ReceiptRecord>> {
    const rows = await this.reports.rows<ReceiptRow & Placed>(boughtQuery(ownerId, query));
    return pageOf(rows, query.limit, fromReceiptRow);
  }

  async sold(ownerId: string, query: ListSales): Promise<Page<Sale>> {
    const rows = await this.reports.rows<SaleRow>(soldQuery(ownerId, query));
    return pageOf(rows, query.limit, fromSaleRow);
  }
}

/** One row more than a page was asked for, to know whether there is another one. */
function pageOf<Row extends Placed, Item>(
  rows: readonly Row[],
  limit: number,
  from: (row: Row) => Item,
): Page<Item> {
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  const hasMore = rows.length > limit && last !== undefined;
  return { items: page.map(from), nextCursor: hasMore ? cursorText(last) : null };
}

/** Collects values, and gives the places where they are put into the text. */
function placesFor(values: unknown[]): (value: unknown) => string {
  return (value) => `$${values.push(value)}`;
}

function endedClauses(
  { from, to, token, model, route, provider, outcome }: ReceiptFilter,
  place: (value: unknown) => string,
): string {
  const clauses = [
    from !== undefined && `r.resolved_at >= ${place(from)}::date::timestamp AT TIME ZONE 'UTC'`,
    to !== undefined && `r.resolved_at < (${place(to)}::date + 1)::timestamp AT TIME ZONE 'UTC'`,
    token !== undefined && `r.api_token_id = ${place(token)}`,
    model !== undefined && `coalesce(r.model, '') = ${place(model)}`,
    route !== undefined && `r.route = ${place(route)}`,
    provider !== undefined && `receipt_provider(r) = ${place(provider)}`,
    outcome !== undefined && `r.outcome = ${place(outcome)}`,
  ];
  return clauses.flatMap((clause) => (clause === false ? [] : [`AND ${clause}`])).join(' ');
}

function behind(cursor: string | undefined, at: string, place: (value: unknown) => string): string {
  if (cursor === undefined) return '';
  const { micros: after, id } = parseCursor(cursor);
  return `AND (${at}, id) < (${moment(place(after))}, ${place(id)})`;
}

function boughtQuery(ownerId: string, query: ListReceipts): Query {
  const values: unknown[] = [];
  const place = placesFor(values);
  const { before, cursor, limit } = query;
  const owner = place(ownerId);
  const most = place(limit + 1);
  const until = before === undefined ? undefined : place(before);
  const ended = `
    SELECT ${receiptColumns}, ${micros('resolved_at')} AS micros
    FROM receipt r WHERE owner_id = ${owner} AND state <> 'declined' ${endedClauses(query, place)}
      ${behind(cursor, 'resolved_at', place)} ${until === undefined ? '' : `AND resolved_at < ${until}::timestamptz`}
    ORDER BY resolved_at DESC, id DESC LIMIT ${most}`;
  if (asksForEnds(query)) return { text: ended, values };
  const { token, route } = query;
  const running = `
    SELECT ${runningColumns}, ${micros('created_at')} AS micros
    FROM hold r WHERE owner_id = ${owner} ${endedClauses({ token, route }, place)}
      ${behind(cursor, 'created_at', place)} ${until === undefined ? '' : `AND created_at < ${until}::timestamptz`}
    ORDER BY created_at DESC, id DESC LIMIT ${most}`;
  return {
    text: `(${ended}) UNION ALL (${running}) ORDER BY micros DESC, id DESC LIMIT ${most}`,
    values,
  };
}

/** What still runs has neither an end nor anybody who served it. */
function asksForEnds({ from, to, model, provider, outcome }: ListReceipts): boolean {
  return [from, to, model, provider, outcome].some((value) => value !== undefined);
}

function soldQuery(ownerId: string, { limit, cursor, ...filter }: ListSales): Query {
  const values: unknown[] = [];
  const place = placesFor(values);
  const text = `
    SELECT id, resolved_at, ${micros('resolved_at')} AS micros, receipt_provider(r) AS provider, coalesce(model, '') AS model,
      outcome, units, delivered, captured, fee, service_credit
    FROM receipt r WHERE seller_owner_id = ${place(ownerId)} AND owner_id <> seller_owner_id
      AND (state = 'settled' OR outcome = 'expired')
      ${endedClauses(filter, place)} ${behind(cursor, 'resolved_at', place)}
    ORDER BY resolved_at DESC, id DESC LIMIT ${place(limit + 1)}`;
  return { text, values };
}

function fromSaleRow(row: SaleRow): Sale {
  return {
    id: row.id,
    settledAt: row.resolved_at.toISOString(),
    provider: row.provider,
    model: row.model,
    outcome: row.outcome,
    units: countedOf(row.units),
    ...(row.delivered && { delivered: countedOf(row.delivered) }),
    ...shares(BigInt(row.captured), BigInt(row.fee), BigInt(row.service_credit)),
  };
}
