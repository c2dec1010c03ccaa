import { setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import {
  type AuditBlock,
  type Day,
  type DayContents,
  DayHash,
  dayAfter,
  startOf,
} from '../domain/audit-block.js';
import { AuditBlockStore } from '../services/audit-blocks.js';
import { ChecksDatabase } from './checks-database.js';

/** Longer than anything that writes may run; what runs longer is waited for by the next attempt. */
const patienceMs = 15_000;
const pauseMs = 50;

const blockColumns = `to_char(day, 'YYYY-MM-DD') AS day, first_audit_id AS "firstAuditId",
  last_audit_id AS "lastAuditId", audit_events::integer AS "auditEvents", transactions::integer, transfers::integer,
  content_hash AS "contentHash", previous_hash AS "previousHash", hash`;

const instant = (column: string) =>
  `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;

/** All texts as Postgres writes them, so that a hash does not depend on how JavaScript reads a number. */
const eventsOfDay = `
  SELECT id::text, ${instant('at')} AS at, owner_id::text, actor_user::text, actor_token::text, action, subject,
    detail::text, address
  FROM audit_event WHERE at >= $1 AND at < $2 ORDER BY audit_event.id`;
const transfersOfDay = `
  SELECT t.id::text, t.kind, t.external_id, t.parameters_hash, t.reverses::text, t.reason,
    ${instant('t.created_at')} AS at, f.leg::text, f.debit_account_id::text AS debit,
    f.credit_account_id::text AS credit, f.amount::text, f.code
  FROM transaction t LEFT JOIN transfer f ON f.transaction_id = t.id
  WHERE t.created_at >= $1 AND t.created_at < $2 ORDER BY t.id, f.leg`;

type Texts<Names extends string> = Readonly<Record<Names, string | null>>;
type EventRow = Readonly<{ id: string }> &
  Texts<
    'at' | 'owner_id' | 'actor_user' | 'actor_token' | 'action' | 'subject' | 'detail' | 'address'
  >;
type TransferRow = Readonly<{ id: string }> &
  Texts<'kind' | 'external_id' | 'parameters_hash' | 'reverses' | 'reason' | 'at'> &
  Texts<'leg' | 'debit' | 'credit' | 'amount' | 'code'>;

/** Which sessions are in a transaction in this database, vacuum apart, which writes no rows. */
const running = `
  SELECT l.virtualtransaction AS id FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
  WHERE l.locktype = 'virtualxid' AND l.granted AND l.pid <> pg_backend_pid() AND a.usesysid IS NOT NULL
    AND a.datid = (SELECT oid FROM pg_database WHERE datname = current_database())`;

@Injectable()
export class PgAuditBlockStore extends AuditBlockStore {
  constructor(private readonly database: ChecksDatabase) {
    super();
  }

  async firstDay(): Promise<Day> {
    const row = await this.one<{ day: Day }>(
      `SELECT to_char(least(
         (SELECT min(created_at) FROM owner), (SELECT min(at) FROM audit_event), (SELECT min(created_at) FROM transaction)
       ) AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS day`,
    );
    return row.day;
  }

  async now(): Promise<Date> {
    return (await this.one<{ now: Date }>('SELECT clock_timestamp() AS now')).now;
  }

  async last(): Promise<AuditBlock | undefined> {
    const [block] = await this.database.rows<AuditBlock>(
      `SELECT ${blockColumns} FROM audit_block ORDER BY audit_block.day DESC LIMIT 1`,
    );
    return block;
  }

  from(day: Day | undefined, limit: number): Promise<readonly AuditBlock[]> {
    return this.database.rows<AuditBlock>(
      `SELECT ${blockColumns} FROM audit_block b WHERE $1::date IS NULL OR b.day >= $1::date ORDER BY b.day LIMIT $2`,
      [day ?? null, limit],
    );
  }

  async contentsOf(day: Day): Promise<DayContents> {
    const hash = new DayHash();
    const bounds = [startOf(day), startOf(dayAfter(day))];
    for await (const row of this.database.stream<EventRow>(eventsOfDay, bounds)) {
      const { id, at, owner_id, actor_user, actor_token, action, subject, detail, address } = row;
      hash.addEvent(id, [at, owner_id, actor_user, actor_token, action, subject, detail, address]);
    }
    let transaction: string | undefined;
    for await (const row of this.database.stream<TransferRow>(transfersOfDay, bounds)) {
      const { id, kind, external_id, parameters_hash, reverses, reason, at } = row;
      if (id !== transaction) {
        hash.addTransaction([id, kind, external_id, parameters_hash, reverses, reason, at]);
      }
      transaction = id;
      const { leg, debit, credit, amount, code } = row;
      if (leg !== null) hash.addTransfer([id, leg, debit, credit, amount, code]);
    }
    return hash.contents();
  }

  async countBefore(day: Day): Promise<number> {
    const { count } = await this.one<{ count: string }>(
      `SELECT (SELECT count(*) FROM audit_event WHERE at < $1) + (SELECT count(*) FROM transaction WHERE created_at < $1)
         AS count`,
      [startOf(day)],
    );
    return Number(count);
  }

  async haveEnded(): Promise<boolean> {
    const prepared = await this.database.rows(
      'SELECT FROM pg_prepared_xacts WHERE database = current_database() LIMIT 1',
    );
    if (prepared.length > 0) return false;
    const endMs = Date.now() + patienceMs;
    let left = (await this.database.rows<{ id: string }>(running)).map(({ id }) => id);
    while (left.length > 0) {
      if (Date.now() > endMs) return false;
      await delay(pauseMs);
      const still = await this.database.rows<{ id: string }>(
        `SELECT id FROM (${running}) r WHERE id = ANY ($1)`,
        [left],
      );
      left = still.map(({ id }) => id);
    }
    return true;
  }

  async add(block: AuditBlock): Promise<boolean> {
    const rows = await this.database.rows(
      `INSERT INTO audit_block (day, first_audit_id, last_audit_id, audit_events, transactions, transfers, content_hash,
         previous_hash, hash)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (day) DO NOTHING RETURNING day`,
      [
        ...[block.day, block.firstAuditId, block.lastAuditId, block.auditEvents],
        ...[block.transactions, block.transfers, block.contentHash, block.previousHash, block.hash],
      ],
    );
    return rows.length > 0;
  }

  private async one<Row extends object>(
    text: string,
    values: readonly unknown[] = [],
  ): Promise<Row> {
    const [row] = await this.database.rows<Row>(text, values);
    if (!row) throw new Error('a question without an answer');
    return row;
  }
}
