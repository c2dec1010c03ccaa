import type { PromoGrants } from '@aisbf/contracts';
import { Injectable } from '@nestjs/common';
import { Pool } from 'pg';
import type { Note } from '../domain/audit.js';
import { type PromoGrant, PromoStore } from '../services/promotions.js';
import { auditedResultOf } from './audited.js';
import { resultOf, rowsOf } from './pg-rows.js';

type GrantRow = Omit<PromoGrants['promoGrants'][number], 'expiresAt'> & { expiresAt: Date };

@Injectable()
export class PgPromoStore extends PromoStore {
  constructor(private readonly pool: Pool) {
    super();
  }

  grant({ grantId, ownerId, amount, expiresAt, reason }: PromoGrant, notes: readonly Note[]) {
    return auditedResultOf<'granted' | 'replay' | 'parameters_differ'>(
      this.pool,
      'SELECT grant_promo($1, $2, $3, $4, $5) AS result, $2::uuid AS owner_id, NULL::jsonb AS fact',
      [grantId, ownerId, amount.toString(), expiresAt, reason],
      notes,
    );
  }

  async list(ownerId: string): Promise<PromoGrants['promoGrants']> {
    const rows = await rowsOf<GrantRow>(
      this.pool,
      `SELECT g.id, g.amount, p.remaining, g.reason, g.expires_at AS "expiresAt"
       FROM promo_left($1) p JOIN promo_grant g ON g.id = p.id
       WHERE g.expires_at > clock_timestamp() ORDER BY g.expires_at, g.id LIMIT 200`,
      [ownerId],
    );
    return rows.map((row) => ({ ...row, expiresAt: row.expiresAt.toISOString() }));
  }

  expire(limit: number): Promise<number> {
    return resultOf(this.pool, 'SELECT expire_promo($1) AS result', [limit]);
  }
}
