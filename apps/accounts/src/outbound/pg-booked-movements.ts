import { Injectable } from '@nestjs/common';
import type { BookedMovement, MovementKind } from '../domain/movement.js';
import type { Window } from '../domain/reconciliation.js';
import { BookedMovements } from '../services/outside-books.js';
import { ChecksDatabase } from './checks-database.js';
import { fromBigintColumn } from './pg-rows.js';

type MovementRow = Omit<BookedMovement, 'amount'> & Readonly<{ amount: string }>;

/** Everything that a provider can tell of, by the name that it has for it; `at` is when it was booked as done. */
const booked = `
  SELECT 'payment' AS kind, provider, payment_id AS id, paid AS amount, 'booked' AS state, resolved_at AS at
  FROM top_up WHERE payment_id IS NOT NULL
  UNION ALL
  SELECT 'refund', provider, provider_refund_id, amount, CASE state WHEN 'failed' THEN 'void' ELSE 'booked' END,
    created_at
  FROM refund WHERE provider_refund_id IS NOT NULL
  UNION ALL
  SELECT 'payout', provider, id::text, amount - reversed,
    CASE WHEN state IN ('prepared', 'submitted') THEN 'open' WHEN state = 'failed' THEN 'void' ELSE 'booked' END,
    resolved_at
  FROM payout`;

@Injectable()
export class PgBookedMovements extends BookedMovements {
  constructor(private readonly database: ChecksDatabase) {
    super();
  }

  async find(
    provider: string,
    kind: MovementKind,
    ids: readonly string[],
  ): Promise<readonly BookedMovement[]> {
    if (ids.length === 0) return [];
    const rows = await this.database.rows<MovementRow>(
      `SELECT kind, id, amount, state FROM (${booked}) m WHERE provider = $1 AND kind = $2 AND id = ANY ($3)`,
      [provider, kind, ids],
    );
    return rows.map(fromMovementRow);
  }

  async *within(
    provider: string,
    kinds: readonly MovementKind[],
    { from, to }: Window,
  ): AsyncGenerator<BookedMovement> {
    const rows = this.database.stream<MovementRow>(
      `SELECT kind, id, amount, state FROM (${booked}) m
       WHERE provider = $1 AND kind = ANY ($2) AND state = 'booked' AND at >= $3 AND at < $4`,
      [provider, kinds, from, to],
    );
    for await (const row of rows) yield fromMovementRow(row);
  }
}

function fromMovementRow({ kind, id, amount, state }: MovementRow): BookedMovement {
  return { kind, id, state, amount: fromBigintColumn(amount) };
}
