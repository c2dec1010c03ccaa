import type { EarningsBalance, PayoutAccount, PayoutProviderKind } from '@aisbf/contracts';
import { Injectable } from '@nestjs/common';
import { Pool } from 'pg';
import type { Note } from '../domain/audit.js';
import type { PayoutRecord } from '../domain/payout.js';
import { type PayoutBatchRecord, PayoutBooks, type PayoutList } from '../services/payout-store.js';
import { auditedResultOf } from './audited.js';
import { fromPayoutRow, type PayoutRow, payoutColumns } from './pg-payout-row.js';
import { PayoutRules } from './pg-payout-store.js';
import { fromBigintColumn, rowsOf } from './pg-rows.js';
import { Reports } from './reports.js';

type BalanceRow = Record<
  'earned' | 'pending' | 'mature' | 'payable' | 'reserve' | 'in_payout' | 'paid' | 'reversed',
  string
> & { is_first: boolean };

@Injectable()
export class PgPayoutBooks extends PayoutBooks {
  constructor(
    private readonly pool: Pool,
    private readonly reports: Reports,
    private readonly rules: PayoutRules,
  ) {
    super();
  }

  async balance(owner: Readonly<{ ownerId: string; username: string }>): Promise<EarningsBalance> {
    const { maturityDays, firstMaturityDays, reserveBps, minimum } = this.rules.terms;
    const [row] = await rowsOf<BalanceRow>(
      this.pool,
      `SELECT e.*, m.mature,
         div(m.mature * $4::integer + 9999, 10000) AS reserve,
         payable_of(e.earned, e.pending, $4) AS payable
       FROM earnings_of($1, $2, $3) e
       CROSS JOIN LATERAL (SELECT greatest(0, e.earned - e.pending) AS mature) m`,
      [owner.ownerId, maturityDays, firstMaturityDays, reserveBps],
    );
    if (!row) throw new Error(`owner ${owner.ownerId} has no earnings account`);
    return {
      username: owner.username,
      currency: 'USD',
      earned: row.earned,
      pending: row.pending,
      mature: row.mature,
      reserve: row.reserve,
      payable: row.payable,
      inPayout: row.in_payout,
      paid: row.paid,
      reversed: row.reversed,
      maturityDays: row.is_first ? firstMaturityDays : maturityDays,
      minimum: minimum.toString(),
    };
  }

  async list({ ownerId, state, before, limit }: PayoutList): Promise<readonly PayoutRecord[]> {
    const rows = await rowsOf<PayoutRow>(
      this.pool,
      `SELECT ${payoutColumns} FROM payout p JOIN owner o ON o.id = p.owner_id
       WHERE ($1::uuid IS NULL OR p.owner_id = $1) AND ($2::text IS NULL OR p.state = $2)
         AND ($3::uuid IS NULL OR (p.created_at, p.id) < (SELECT b.created_at, b.id FROM payout b WHERE b.id = $3))
       ORDER BY p.created_at DESC, p.id DESC LIMIT $4`,
      [ownerId ?? null, state ?? null, before ?? null, limit],
    );
    return rows.map(fromPayoutRow);
  }

  async account(ownerId: string): Promise<PayoutAccount> {
    const [row] = await rowsOf<PayoutAccount>(
      this.pool,
      'SELECT provider, destination, is_ready AS "isReady" FROM payout_account WHERE owner_id = $1',
      [ownerId],
    );
    return row ?? { provider: null, destination: null, isReady: false };
  }

  async putAccount(
    ownerId: string,
    account: Readonly<{ provider: PayoutProviderKind; destination: string; isReady: boolean }>,
    notes: readonly Note[],
  ): Promise<void> {
    await auditedResultOf(
      this.pool,
      `SELECT put_payout_account($1, $2, $3, $4) AS result, $1::uuid AS owner_id, NULL::jsonb AS fact`,
      [ownerId, account.provider, account.destination, account.isReady],
      notes,
    );
  }

  async fillBatch(batchId: string, note: Note): Promise<PayoutBatchRecord> {
    await auditedResultOf(
      this.pool,
      'SELECT make_payout_batch($1) AS result, NULL::uuid AS owner_id, NULL::jsonb AS fact',
      [batchId],
      [note],
    );
    const [row] = await rowsOf<{ created_at: Date; payouts: string; amount: string }>(
      this.pool,
      `SELECT b.created_at, count(p.id) AS payouts, coalesce(sum(p.amount), 0) AS amount
       FROM payout_batch b LEFT JOIN payout p ON p.batch_id = b.id WHERE b.id = $1 GROUP BY b.id`,
      [batchId],
    );
    if (!row) throw new Error(`batch ${batchId} was not made`);
    return {
      batchId,
      createdAt: row.created_at,
      payouts: Number(row.payouts),
      amount: fromBigintColumn(row.amount),
    };
  }

  async batch(batchId: string): Promise<AsyncIterable<PayoutRecord> | undefined> {
    const found = await rowsOf(this.pool, 'SELECT FROM payout_batch WHERE id = $1', [batchId]);
    if (found.length === 0) return undefined;
    return this.reports.stream(
      {
        text: `SELECT ${payoutColumns} FROM payout p JOIN owner o ON o.id = p.owner_id
               WHERE p.batch_id = $1 ORDER BY p.id`,
        values: [batchId],
      },
      fromPayoutRow,
    );
  }
}
