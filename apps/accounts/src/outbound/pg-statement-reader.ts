import { Injectable } from '@nestjs/common';
import type { DayOfModel, MonthOf, Movement } from '../domain/statement.js';
import { StatementReader } from '../services/usage-reader.js';
import { type Query, Reports } from './reports.js';

type BalanceRow = { opening: string; closing: string };
type UsedRow = { day: string; model: string; requests: string; amount: string };
type MovedRow = Omit<Movement, 'amount'> & { amount: string };

const sides = {
  wallet: {
    kinds: ['buyer_wallet', 'buyer_promo'],
    whose: 'owner_id = $1',
    amount: '-sum(charged)',
  },
  earnings: {
    kinds: ['seller_payable'],
    whose: `seller_owner_id = $1 AND owner_id <> $1 AND outcome IN ('completed', 'buyer_left', 'expired')`,
    amount: 'sum(charged - fee)',
  },
} as const;
type Side = keyof typeof sides;

/** The month's first moment, and the next one's. */
const from = `(($2 || '-01')::date)`;
const to = `(($2 || '-01')::date + interval '1 month')::date`;

/** What an account has seen before a day: days that are folded, and what is not folded yet. */
const before = (day: string): string => `(
  SELECT coalesce(sum(m.amount), 0) FROM (
    SELECT d.credited - d.debited AS amount FROM account_day d, a WHERE d.account_id = a.id AND d.day < ${day}
    UNION ALL
    SELECT CASE WHEN f.credit_account_id = a.id THEN f.amount ELSE -f.amount END
    FROM fold_queue q
    JOIN transaction t ON t.id = q.transaction_id
    JOIN transfer f ON f.transaction_id = q.transaction_id
    JOIN a ON a.id IN (f.credit_account_id, f.debit_account_id)
    WHERE (t.created_at AT TIME ZONE 'UTC')::date < ${day}) m)`;

@Injectable()
export class PgStatementReader extends StatementReader {
  constructor(private readonly reports: Reports) {
    super();
  }

  async month(ownerId: string, month: string, linesMax: number) {
    const results = await this.reports.snapshot([
      ...queriesOf('wallet', ownerId, month, linesMax),
      ...queriesOf('earnings', ownerId, month, linesMax),
    ]);
    if (results.some((rows) => rows.length > linesMax)) return undefined;
    return { wallet: monthOf(results.slice(0, 3)), earnings: monthOf(results.slice(3)) };
  }
}

function queriesOf(side: Side, ownerId: string, month: string, linesMax: number): Query[] {
  const { kinds, whose, amount } = sides[side];
  const accounts = `WITH a AS (SELECT id FROM ledger_account WHERE owner_id = $1 AND kind = ANY ($3::text[]))`;
  return [
    {
      text: `${accounts} SELECT ${before(from)} AS opening, ${before(to)} AS closing`,
      values: [ownerId, month, kinds],
    },
    {
      text: `SELECT to_char(day, 'YYYY-MM-DD') AS day, model, sum(requests) AS requests, ${amount} AS amount
             FROM usage_sum WHERE ${whose} AND day >= ${from} AND day < ${to}
             GROUP BY usage_sum.day, model HAVING sum(charged) > 0 ORDER BY usage_sum.day, model LIMIT $3`,
      values: [ownerId, month, linesMax + 1],
    },
    {
      text: `${accounts}
        SELECT to_char(t.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS day, t.kind, t.external_id AS reference, t.reason,
          sum(CASE WHEN f.credit_account_id IN (SELECT id FROM a) THEN f.amount ELSE 0 END
            - CASE WHEN f.debit_account_id IN (SELECT id FROM a) THEN f.amount ELSE 0 END) AS amount
        FROM transaction t JOIN transfer f ON f.transaction_id = t.id
        WHERE t.kind <> 'usage' AND t.created_at >= ${from}::timestamp AT TIME ZONE 'UTC'
          AND t.created_at < ${to}::timestamp AT TIME ZONE 'UTC'
          AND (f.credit_account_id IN (SELECT id FROM a) OR f.debit_account_id IN (SELECT id FROM a))
        GROUP BY t.id ORDER BY t.created_at, t.id LIMIT $4`,
      values: [ownerId, month, kinds, linesMax + 1],
    },
  ];
}

function monthOf([balances, used, moved]: readonly (readonly unknown[])[]): MonthOf {
  const [balance] = balances as readonly BalanceRow[];
  if (!balance) throw new Error('a statement without balances');
  return {
    opening: BigInt(balance.opening),
    closing: BigInt(balance.closing),
    used: (used as readonly UsedRow[]).map(fromUsedRow),
    moved: (moved as readonly MovedRow[]).map((row) => ({ ...row, amount: BigInt(row.amount) })),
  };
}

function fromUsedRow({ day, model, requests, amount }: UsedRow): DayOfModel {
  return { day, model, requests: Number(requests), amount: BigInt(amount) };
}
