import type { Withdraw, Withdrawn } from '@aisbf/contracts';
import { Injectable } from '@nestjs/common';
import { LedgerEvents } from './ledger-events.js';
import { LedgerStore } from './ledger-store.js';

/** Takes back a request that was admitted, or still may be, without anybody there to serve it. */
@Injectable()
export class Withdrawal {
  constructor(
    private readonly ledger: LedgerStore,
    private readonly events: LedgerEvents,
  ) {}

  async withdraw({ requestId }: Withdraw): Promise<Withdrawn> {
    const withdrawn = { requestId, result: await this.ledger.withdraw(requestId) };
    this.events.withdrawn(withdrawn);
    return withdrawn;
  }
}
