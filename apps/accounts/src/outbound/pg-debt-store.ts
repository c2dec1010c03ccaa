import { parseNanos } from '@aisbf/money';
import { Injectable } from '@nestjs/common';
import { Pool } from 'pg';
import { DebtStore, type WrittenOff } from '../services/debts.js';
import { resultOf, rowOf } from './pg-rows.js';

@Injectable()
export class PgDebtStore extends DebtStore {
  constructor(private readonly pool: Pool) {
    super();
  }

  collect(limit: number): Promise<number> {
    return resultOf(this.pool, 'SELECT collect_debts($1) AS result', [limit]);
  }

  async writeOff(id: string, ownerId: string, reason: string): Promise<WrittenOff> {
    const { result, amount } = await rowOf<{ result: WrittenOff['result']; amount: string }>(
      this.pool,
      'SELECT * FROM write_off_debt($1, $2, $3)',
      [id, ownerId, reason],
    );
    return { result, amount: parseNanos(amount) };
  }
}
