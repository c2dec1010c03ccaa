import { Injectable } from '@nestjs/common';
import { LedgerEvents } from './ledger-events.js';
import { LedgerStore } from './ledger-store.js';

/** Holds taken back in one transaction: small, since it locks their wallets. */
const batchMax = 100;

/** Ends the holds that nobody settled: every hold ends by itself. */
@Injectable()
export class Reaper {
  constructor(
    private readonly ledger: LedgerStore,
    private readonly events: LedgerEvents,
  ) {}

  async reap(): Promise<number> {
    let total = 0;
    for (let count = batchMax; count === batchMax; total += count) {
      const ids = await this.ledger.reapExpired(batchMax);
      count = ids.length;
      if (count > 0) this.events.reaped(ids);
    }
    return total;
  }
}
