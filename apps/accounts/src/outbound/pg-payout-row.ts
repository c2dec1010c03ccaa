import type { PayoutProviderKind, PayoutState } from '@aisbf/contracts';
import type { PayoutRecord } from '../domain/payout.js';
import { fromBigintColumn } from './pg-rows.js';

export type PayoutRow = {
  id: string;
  owner_id: string;
  username: string;
  amount: string;
  provider: PayoutProviderKind;
  destination: string;
  state: PayoutState;
  reversed: string;
  provider_ref: string | null;
  reason: string | null;
  batch_id: string | null;
  sends: number;
  looks: number;
  is_due: boolean;
  created_at: Date;
  submitted_at: Date | null;
  resolved_at: Date | null;
};

/** Follows `FROM payout p JOIN owner o …` or a function that gives payouts as `p`. */
export const payoutColumns = `p.id, p.owner_id, o.username, p.amount, p.provider, p.destination, p.state, p.reversed,
  p.provider_ref, p.reason, p.batch_id, p.sends, p.looks, p.due_at IS NOT NULL AND p.due_at <= now() AS is_due,
  p.created_at, p.submitted_at, p.resolved_at`;

export function fromPayoutRow(row: PayoutRow): PayoutRecord {
  return {
    id: row.id,
    ownerId: row.owner_id,
    username: row.username,
    amount: fromBigintColumn(row.amount),
    provider: row.provider,
    destination: row.destination,
    state: row.state,
    reversed: fromBigintColumn(row.reversed),
    providerRef: row.provider_ref,
    reason: row.reason,
    batchId: row.batch_id,
    sends: row.sends,
    looks: row.looks,
    isDue: row.is_due,
    createdAt: row.created_at,
    submittedAt: row.submitted_at,
    resolvedAt: row.resolved_at,
  };
}
