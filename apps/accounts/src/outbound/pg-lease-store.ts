import {
  type CloseLease,
  type Lease,
  type OpenLease,
  type RenewLease,
  subjects,
} from '@aisbf/contracts';
import { Injectable } from '@nestjs/common';
import { Pool } from 'pg';
import { LeaseStore } from '../services/lease-store.js';
import { rowsOf } from './pg-rows.js';

export class LeaseSettings {
  /** A lease takes at most one part in so many of what its owner has free, and of its token's places. */
  constructor(readonly keep: number) {}
}

type LeaseRow = {
  result: Lease['result'];
  issued_max: string;
  slots?: number;
  settled_count?: number;
};

/** The lease functions of the ledger. */
@Injectable()
export class PgLeaseStore extends LeaseStore {
  constructor(
    private readonly pool: Pool,
    private readonly settings: LeaseSettings,
  ) {
    super();
  }

  async open(request: OpenLease): Promise<Lease> {
    const rows = await rowsOf<LeaseRow>(
      this.pool,
      { name: 'open_lease', text: 'SELECT * FROM open_lease($1, $2, $3, $4, $5, $6, $7, $8, $9)' },
      [
        request.leaseId,
        request.ownerId,
        request.apiTokenId,
        request.holder,
        request.wanted,
        this.settings.keep,
        request.slots,
        request.concurrencyMax,
        new Date(request.expiresAtMs),
      ],
    );
    return toLease(rows);
  }

  async renew({ leaseId, issuedMax }: RenewLease): Promise<Lease> {
    const rows = await rowsOf<LeaseRow>(
      this.pool,
      { name: 'renew_lease', text: 'SELECT * FROM renew_lease($1, $2, $3)' },
      [leaseId, issuedMax, this.settings.keep],
    );
    return toLease(rows);
  }

  async close({ leaseId, issued, issuedCount }: CloseLease): Promise<void> {
    await rowsOf(this.pool, { name: 'close_lease', text: 'SELECT close_lease($1, $2, $3)' }, [
      leaseId,
      issued,
      issuedCount,
    ]);
  }

  async reapExpired(limit: number): Promise<readonly string[]> {
    const rows = await rowsOf<{ id: string }>(
      this.pool,
      { name: 'reap_expired_leases', text: 'SELECT reap_expired_leases($1, $2) AS id' },
      [limit, subjects.usageSettled],
    );
    return rows.map(({ id }) => id);
  }
}

function toLease([row]: readonly LeaseRow[]): Lease {
  if (!row) throw new Error('a lease function gave no row');
  return {
    result: row.result,
    issuedMax: row.issued_max,
    slots: row.slots ?? 0,
    settledCount: row.settled_count ?? 0,
  };
}
