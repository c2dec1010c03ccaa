import type { Disputes, RequestRefund } from '@aisbf/contracts';
import { Injectable } from '@nestjs/common';
import { Pool } from 'pg';
import type { Note } from '../domain/audit.js';
import {
  type BegunRefund,
  type NewRefund,
  type NewRequestRefund,
  type RefundRecord,
  RefundStore,
  type RequestRefunded,
} from '../services/refunds.js';
import { auditedResultOf } from './audited.js';
import { rowsOf } from './pg-rows.js';

export class PromoRefundLimits {
  /** How long promotional money lives that comes back with a refunded request. */
  constructor(readonly days: number) {}
}

type WithTime<Record, Name extends keyof Record> = Omit<Record, Name> & { [name in Name]: Date };

@Injectable()
export class PgRefundStore extends RefundStore {
  constructor(
    private readonly pool: Pool,
    private readonly promo: PromoRefundLimits,
  ) {
    super();
  }

  begin({ id, topUpId, amount, reason }: NewRefund, note: Note): Promise<BegunRefund> {
    return auditedResultOf(
      this.pool,
      `SELECT begin_refund($1, $2, $3, $4) AS result,
         (SELECT owner_id FROM top_up WHERE id = $2) AS owner_id, NULL::jsonb AS fact`,
      [id, topUpId, amount.toString(), reason],
      [note],
    );
  }

  async find(id: string): Promise<RefundRecord | undefined> {
    const [row] = await rowsOf<WithTime<RefundRecord, 'createdAt'>>(
      this.pool,
      `SELECT r.id, r.top_up_id AS "topUpId", r.amount, r.state, r.failure, r.reason,
         r.created_at AS "createdAt", t.payment_id AS "paymentId"
       FROM refund r JOIN top_up t ON t.id = r.top_up_id WHERE r.id = $1`,
      [id],
    );
    return row && { ...row, createdAt: row.createdAt.toISOString() };
  }

  async unanswered(provider: string, pauseMs: number, limit: number): Promise<readonly string[]> {
    const rows = await rowsOf<{ id: string }>(
      this.pool,
      `SELECT unanswered_refunds($1, $2::integer * interval '1 ms', $3) AS id`,
      [provider, pauseMs, limit],
    );
    return rows.map(({ id }) => id);
  }

  refundRequest(refund: NewRequestRefund, note: Note): Promise<RequestRefunded> {
    const { id, requestId, amount, reason } = refund;
    return auditedResultOf(
      this.pool,
      `SELECT refund_request($1, $2, $3, $4, $5::integer * interval '1 day') AS result,
         (SELECT owner_id FROM receipt WHERE id = $2) AS owner_id, NULL::jsonb AS fact`,
      [id, requestId, amount?.toString() ?? null, reason, this.promo.days],
      [note],
    );
  }

  async findRequestRefund(id: string): Promise<RequestRefund | undefined> {
    const [row] = await rowsOf<WithTime<RequestRefund, 'createdAt'>>(
      this.pool,
      `SELECT id, receipt_id AS "requestId", amount, promo, reason, created_at AS "createdAt"
       FROM request_refund WHERE id = $1`,
      [id],
    );
    return row && { ...row, createdAt: row.createdAt.toISOString() };
  }

  async disputes(limit: number): Promise<Disputes['disputes']> {
    const rows = await rowsOf<WithTime<Disputes['disputes'][number], 'openedAt'>>(
      this.pool,
      `SELECT d.id, d.provider, d.top_up_id AS "topUpId", o.username, d.amount, d.reason, d.state, d.fee,
         d.opened_at AS "openedAt"
       FROM dispute d JOIN owner o ON o.id = d.owner_id ORDER BY d.opened_at DESC LIMIT $1`,
      [limit],
    );
    return rows.map((row) => ({ ...row, openedAt: row.openedAt.toISOString() }));
  }
}
