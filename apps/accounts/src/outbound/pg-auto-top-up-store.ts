import type { AutoTopUp } from '@aisbf/contracts';
import { Injectable } from '@nestjs/common';
import { Pool } from 'pg';
import {
  type AutoTopUpRules,
  type AutoTopUpSettings,
  AutoTopUpStore,
} from '../services/auto-top-ups.js';
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
  async put(ownerId: string, provider: string, settings: AutoTopUpSettings): Promise<boolean> {
    const { isEnabled, threshold, amount, monthlyMax } = settings;
    const rows = await rowsOf(
      this.pool,
      `INSERT INTO auto_top_up AS a (owner_id, is_enabled, threshold, amount, monthly_max, disabled_reason)
       SELECT $1::uuid, $3::boolean, $4::bigint, $5::bigint, $6::bigint, CASE WHEN NOT $3 THEN 'switched_off' END
       WHERE NOT $3 OR EXISTS (
         SELECT FROM payment_method m WHERE m.owner_id = $1 AND m.provider = $2)
       ON CONFLICT (owner_id) DO UPDATE SET is_enabled = excluded.is_enabled,
         threshold = excluded.threshold, amount = excluded.amount, monthly_max = excluded.monthly_max,
         disabled_reason = excluded.disabled_reason, failures = 0, failed_at = NULL, failure = NULL
       RETURNING owner_id`,
      [ownerId, provider, isEnabled, ...[threshold, amount, monthlyMax].map(String)],
    );
    return rows.length > 0;
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
