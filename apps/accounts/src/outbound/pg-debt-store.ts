import { parseNanos } from '@aisbf/money';
import { Injectable } from '@nestjs/common';
import { Pool } from 'pg';
import type { Note } from '../domain/audit.js';
import { DebtStore, type WrittenOff } from '../services/debts.js';
import { type ActRow, auditedRowOf } from './audited.js';
import { resultOf } from './pg-rows.js';

type WrittenOffRow = ActRow & Readonly<{ result: WrittenOff['result']; amount: string }>;

@Injectable()
export class PgDebtStore extends DebtStore {
  constructor(private readonly pool: Pool) {
    super();
  }

  collect(limit: number): Promise<number> {
    return resultOf(this.pool, 'SELECT collect_debts($1) AS result', [limit]);
  }

  async writeOff(id: string, ownerId: string, reason: string, note: Note): Promise<WrittenOff> {
    const { result, amount } = await auditedRowOf<WrittenOffRow>(
      this.pool,
      `SELECT d.result, d.amount, $2::uuid AS owner_id, jsonb_build_object('amount', d.amount::text) AS fact
       FROM write_off_debt($1, $2, $3) d`,
      [id, ownerId, reason],
      [note],
    );
    return { result, amount: parseNanos(amount) };
  }
}
