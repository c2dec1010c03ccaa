import type { Nanos } from '@aisbf/money';
import { Injectable } from '@nestjs/common';
import { Pool } from 'pg';
import type { Note } from '../domain/audit.js';
import type { PayoutRecord, PayoutTerms, PayoutTimes } from '../domain/payout.js';
import {
  type Booked,
  type Payee,
  type PayoutEnding,
  PayoutStore,
} from '../services/payout-store.js';
import { type ActRow, auditedResultOf, auditedRowOf } from './audited.js';
import { fromPayoutRow, type PayoutRow, payoutColumns } from './pg-payout-row.js';
import { fromBigintColumn, rowsOf } from './pg-rows.js';

/** By what terms the ledger says what is payable, and how long it lets a payout be asked for. Also the DI token. */
export class PayoutRules {
  constructor(
    readonly terms: PayoutTerms,
    readonly times: Pick<PayoutTimes, 'resendMsMax'>,
  ) {}
}

const owned = 'JOIN owner o ON o.id = p.owner_id';

@Injectable()
export class PgPayoutStore extends PayoutStore {
  constructor(
    private readonly pool: Pool,
    private readonly rules: PayoutRules,
  ) {
    super();
  }

  async payees(behindOwnerId: string | null, limit: number): Promise<readonly Payee[]> {
    const { maturityDays, firstMaturityDays, reserveBps, minimum } = this.rules.terms;
    const rows = await rowsOf<{ owner_id: string; username: string; payable: string }>(
      this.pool,
      `SELECT a.owner_id, o.username, y.payable
       FROM payout_account a JOIN owner o ON o.id = a.owner_id
       CROSS JOIN LATERAL earnings_of(a.owner_id, $3, $4) e
       CROSS JOIN LATERAL payable_of(e.earned, e.pending, $5) AS y (payable)
       WHERE a.is_ready AND ($1::uuid IS NULL OR a.owner_id > $1) AND y.payable >= $6 AND y.payable > 0
         AND NOT EXISTS (SELECT FROM payout p WHERE p.owner_id = a.owner_id AND p.state IN ('prepared', 'submitted'))
       ORDER BY a.owner_id LIMIT $2`,
      [behindOwnerId, limit, maturityDays, firstMaturityDays, reserveBps, String(minimum)],
    );
    return rows.map(({ owner_id, username, payable }) => ({
      ownerId: owner_id,
      username,
      payable: fromBigintColumn(payable),
    }));
  }

  async prepare(
    payoutId: string,
    ownerId: string,
    notes: readonly Note[],
  ): Promise<Nanos | undefined> {
    const { maturityDays, firstMaturityDays, reserveBps, minimum } = this.rules.terms;
    const row = await auditedRowOf<ActRow & Readonly<{ payout_amount: string }>>(
      this.pool,
      `SELECT p.result, p.payout_amount, $2::uuid AS owner_id,
         jsonb_build_object('amount', p.payout_amount::text) AS fact
       FROM prepare_payout($1, $2, $3, $4, $5, $6) p`,
      [payoutId, ownerId, maturityDays, firstMaturityDays, reserveBps, String(minimum)],
      notes,
    );
    return row.result === 'prepared' ? fromBigintColumn(row.payout_amount) : undefined;
  }

  async due(limit: number): Promise<readonly PayoutRecord[]> {
    const rows = await rowsOf<PayoutRow>(
      this.pool,
      `SELECT ${payoutColumns} FROM payout p ${owned} WHERE p.due_at <= now() ORDER BY p.due_at LIMIT $1`,
      [limit],
    );
    return rows.map(fromPayoutRow);
  }

  /**
   * Not tried again by itself: a claim whose answer is lost may have been the one, and then nobody asks the
   * provider before the payout is due again.
   */
  async claim({ id, sends }: PayoutRecord, dueMs: number): Promise<PayoutRecord | undefined> {
    const { rows } = await this.pool.query<PayoutRow>(
      `SELECT ${payoutColumns} FROM claim_payout($1, $2, $3 * interval '1 ms', $4 * interval '1 ms') p ${owned}`,
      [id, sends, dueMs, this.rules.times.resendMsMax],
    );
    return rows[0] && fromPayoutRow(rows[0]);
  }

  book(payoutId: string, ending: PayoutEnding, notes: readonly Note[] = []): Promise<Booked> {
    const { outcome, reversed, providerRef, reason, dueMs } = ending;
    return auditedResultOf<Booked>(
      this.pool,
      `SELECT book_payout($1, $2, $3, $4, $5, $6 * interval '1 ms') AS result,
         (SELECT owner_id FROM payout WHERE id = $1) AS owner_id, NULL::jsonb AS fact`,
      [payoutId, outcome, String(reversed), providerRef, reason, dueMs],
      notes,
    );
  }

  async postpone(payout: PayoutRecord, dueMs: number | null): Promise<void> {
    await rowsOf(
      this.pool,
      `UPDATE payout SET looks = looks + 1, due_at = clock_timestamp() + $5 * interval '1 ms'
       WHERE id = $1 AND state = $2 AND sends = $3 AND looks = $4`,
      [payout.id, payout.state, payout.sends, payout.looks, dueMs],
    );
  }

  async find(payoutId: string): Promise<PayoutRecord | undefined> {
    const rows = await rowsOf<PayoutRow>(
      this.pool,
      `SELECT ${payoutColumns} FROM payout p ${owned} WHERE p.id = $1`,
      [payoutId],
    );
    return rows[0] && fromPayoutRow(rows[0]);
  }
}
