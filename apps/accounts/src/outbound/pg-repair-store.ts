import type { ListRepairs, Repair } from '@aisbf/contracts';
import { Injectable } from '@nestjs/common';
import { Pool } from 'pg';
import type { Note } from '../domain/audit.js';
import {
  type Decided,
  type Decision,
  type NewRepair,
  type Proposed,
  type RepairLimits,
  RepairStore,
} from '../services/repairs.js';
import { auditedResultOf } from './audited.js';
import { rowsOf } from './pg-rows.js';

type Times = 'proposedAt' | 'expiresAt' | 'decidedAt';
type RepairRow = Omit<Repair, Times> &
  Readonly<{ proposedAt: Date; expiresAt: Date; decidedAt: Date | null }>;

const repairs = `
  SELECT r.id, jsonb_build_object('kind', da.kind, 'username', dw.username) AS debit,
    jsonb_build_object('kind', ca.kind, 'username', cw.username) AS credit,
    r.amount, r.reason, r.violation, r.subject, r.needs_approval AS "needsApproval",
    coalesce(d.decision, CASE WHEN r.expires_at <= clock_timestamp() THEN 'expired' ELSE 'proposed' END) AS state,
    r.proposed_by AS "proposedBy", r.proposed_at AS "proposedAt", r.expires_at AS "expiresAt",
    d.decided_by AS "decidedBy", d.decided_at AS "decidedAt", d.reason AS "decisionReason"
  FROM repair r
  JOIN ledger_account da ON da.id = r.debit_account_id JOIN owner dw ON dw.id = da.owner_id
  JOIN ledger_account ca ON ca.id = r.credit_account_id JOIN owner cw ON cw.id = ca.owner_id
  LEFT JOIN repair_decision d ON d.repair_id = r.id`;

@Injectable()
export class PgRepairStore extends RepairStore {
  constructor(private readonly pool: Pool) {
    super();
  }

  async accountOf(kind: string, ownerId: string): Promise<string | undefined> {
    const [row] = await rowsOf<{ id: string }>(
      this.pool,
      'SELECT id FROM ledger_account WHERE kind = $1 AND owner_id = $2',
      [kind, ownerId],
    );
    return row?.id;
  }

  /** The debit's owner is whose matter it is, except where that is the installation. */
  propose(repair: NewRepair, limits: RepairLimits, notes: readonly Note[]): Promise<Proposed> {
    const { id, userId, tokenId, debitAccountId, creditAccountId } = repair;
    return auditedResultOf(
      this.pool,
      `SELECT propose_repair($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11 * interval '1 ms') AS result,
         repair_owner($4, $5) AS owner_id, NULL::jsonb AS fact`,
      [
        ...[id, userId, tokenId, debitAccountId, creditAccountId, String(repair.amount)],
        ...[repair.reason, repair.violation, repair.subject],
        ...[String(limits.aloneMax), limits.ttlMs],
      ],
      notes,
    );
  }

  decide(decision: Decision, notes: readonly Note[]): Promise<Decided> {
    const { id, userId, tokenId, decision: word, reason } = decision;
    return auditedResultOf(
      this.pool,
      `SELECT decide_repair($1, $2, $3, $4, $5) AS result, (
         SELECT repair_owner(debit_account_id, credit_account_id) FROM repair WHERE id = $1) AS owner_id,
         NULL::jsonb AS fact`,
      [id, userId, tokenId, word, reason],
      notes,
    );
  }

  async find(id: string): Promise<Repair | undefined> {
    const [row] = await rowsOf<RepairRow>(this.pool, `${repairs} WHERE r.id = $1`, [id]);
    return row && fromRepairRow(row);
  }

  async list({ before, state, limit }: ListRepairs): Promise<readonly Repair[]> {
    const rows = await rowsOf<RepairRow>(
      this.pool,
      `SELECT * FROM (${repairs}) x
       WHERE ($1::uuid IS NULL OR (x."proposedAt", x.id) < (SELECT b.proposed_at, b.id FROM repair b WHERE b.id = $1))
         AND ($2::text IS NULL OR x.state = $2)
       ORDER BY x."proposedAt" DESC, x.id DESC LIMIT $3`,
      [before ?? null, state ?? null, limit],
    );
    return rows.map(fromRepairRow);
  }
}

function fromRepairRow(row: RepairRow): Repair {
  return {
    ...row,
    proposedAt: row.proposedAt.toISOString(),
    expiresAt: row.expiresAt.toISOString(),
    decidedAt: row.decidedAt?.toISOString() ?? null,
  };
}
