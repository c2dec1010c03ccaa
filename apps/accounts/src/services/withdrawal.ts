import type { Withdraw, Withdrawn } from '@aisbf/contracts';
import { Injectable } from '@nestjs/common';
import { LeaseRecall } from './lease-store.js';
import { LedgerEvents } from './ledger-events.js';
import { LedgerStore } from './ledger-store.js';

/** Takes back a request that was admitted, or still may be, without anybody there to serve it. */
@Injectable()
export class Withdrawal {
  constructor(
    private readonly ledger: LedgerStore,
    private readonly leases: LeaseRecall,
    private readonly events: LedgerEvents,
  ) {}

  async withdraw({ requestId }: Withdraw): Promise<Withdrawn> {
    const withdrawn = { requestId, result: await this.ledger.withdraw(requestId) };
    // What has no hold may have been issued from a lease, of which only its router knows.
    if (withdrawn.result === 'prevented') this.leases.withdrawn(requestId);
    this.events.withdrawn(withdrawn);
    return withdrawn;
  }
}
