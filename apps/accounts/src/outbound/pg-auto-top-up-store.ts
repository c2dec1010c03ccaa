import type { AutoTopUp } from '@aisbf/contracts';
import { Injectable } from '@nestjs/common';
import { Pool } from 'pg';
import type { Note } from '../domain/audit.js';
import {
  type AutoTopUpRules,
  type AutoTopUpSettings,
  AutoTopUpStore,
} from '../services/auto-top-ups.js';
import { auditedResultOf } from './audited.js';
import { rowsOf } from './pg-rows.js';

@Injectable()
export class PgAutoTopUpStore extends AutoTopUpStore {
  constructor(private readonly pool: Pool) {
    super();
  }

  async find(ownerId: string): Promise<AutoTopUp | undefined> {
    const rows = await rowsOf<AutoTopUp>(
      this.pool,
      `SELECT is_enabled AS "isEnabled", threshold, amount, monthly_max AS "monthlyMax",
         charged_this_month(owner_id) AS "chargedThisMonth", failures,
         disabled_reason AS "disabledReason"
       FROM auto_top_up WHERE owner_id = $1`,
      [ownerId],
    );
    return rows[0];
  }

  /** Switching it on again is a fresh start: what failed before is forgotten. */
  async put(
    ownerId: string,
    provider: string,
    settings: AutoTopUpSettings,
    note: Note,
  ): Promise<boolean> {
    const { isEnabled, threshold, amount, monthlyMax } = settings;
    const result = await auditedResultOf<'put' | 'missing'>(
      this.pool,
      `SELECT CASE WHEN put_auto_top_up($1, $2, $3, $4, $5, $6) THEN 'put' ELSE 'missing' END AS result,
         $1::uuid AS owner_id, NULL::jsonb AS fact`,
      [ownerId, provider, isEnabled, ...[threshold, amount, monthlyMax].map(String)],
      [note],
    );
    return result === 'put';
  }

  async begin(provider: string, rules: AutoTopUpRules, limit: number): Promise<readonly string[]> {
    const rows = await rowsOf<{ id: string }>(
      this.pool,
      `SELECT begin_auto_top_ups($1, $2, $3::integer * interval '1 ms', $4) AS id`,
      [provider, rules.failuresMax, rules.pauseMs, limit],
    );
    return rows.map(({ id }) => id);
  }

  async unanswered(provider: string, pauseMs: number, limit: number): Promise<readonly string[]> {
    const rows = await rowsOf<{ id: string }>(
      this.pool,
      `SELECT unanswered_charges($1, $2::integer * interval '1 ms', $3) AS id`,
      [provider, pauseMs, limit],
    );
    return rows.map(({ id }) => id);
  }
}
