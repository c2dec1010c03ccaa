import { Injectable } from '@nestjs/common';
import { Pool } from 'pg';
import type { TopUpRecord } from '../domain/top-up.js';
import { type NewTopUp, TopUpStore } from '../services/top-ups.js';
import { fromBigintColumn, resultOf, rowsOf } from './pg-rows.js';

const columns = `
  id, owner_id AS "ownerId", provider, kind, state, amount, saves_method AS "savesMethod",
  customer_id AS "customerId", method_id AS "methodId", checkout_url AS "checkoutUrl",
  payment_id AS "paymentId", paid, refunded_of(id) AS refunded, disputed_of(id) AS disputed, failure,
  created_at AS "createdAt", resolved_at AS "resolvedAt"`;

type Amounts = 'amount' | 'paid' | 'refunded' | 'disputed';
type TopUpRow = Omit<TopUpRecord, Amounts> & Readonly<Record<Amounts, string>>;

@Injectable()
export class PgTopUpStore extends TopUpStore {
  constructor(private readonly pool: Pool) {
    super();
  }

  begin({ id, ownerId, provider, amount, savesMethod }: NewTopUp) {
    return resultOf<'created' | 'replay' | 'parameters_differ'>(
      this.pool,
      'SELECT begin_top_up($1, $2, $3, $4, $5) AS result',
      [id, ownerId, provider, amount.toString(), savesMethod],
    );
  }

  async find(id: string): Promise<TopUpRecord | undefined> {
    const [row] = await rowsOf<TopUpRow>(this.pool, `SELECT ${columns} FROM top_up WHERE id = $1`, [
      id,
    ]);
    return row && fromTopUpRow(row);
  }

  async list(ownerId: string, before: Date, limit: number): Promise<readonly TopUpRecord[]> {
    const rows = await rowsOf<TopUpRow>(
      this.pool,
      `SELECT ${columns} FROM top_up WHERE owner_id = $1 AND created_at < $2
       ORDER BY created_at DESC LIMIT $3`,
      [ownerId, before, limit],
    );
    return rows.map(fromTopUpRow);
  }

  async rememberCheckout(id: string, url: string): Promise<void> {
    await rowsOf(this.pool, 'UPDATE top_up SET checkout_url = $2 WHERE id = $1', [id, url]);
  }
}

function fromTopUpRow(row: TopUpRow): TopUpRecord {
  return {
    ...row,
    amount: fromBigintColumn(row.amount),
    paid: fromBigintColumn(row.paid),
    refunded: fromBigintColumn(row.refunded),
    disputed: fromBigintColumn(row.disputed),
  };
}
