import { Injectable } from '@nestjs/common';
import { PayoutEvents } from './payout-events.js';
import { PayoutQueue } from './payout-store.js';
import { Payouts } from './payouts.js';

/** Looks after payouts at once, one after the other: for a market without Redis, where sweeps go by a timer. */
@Injectable()
export class DirectPayoutQueue extends PayoutQueue {
  constructor(
    private readonly payouts: Payouts,
    private readonly events: PayoutEvents,
  ) {
    super();
  }

  async add(payouts: readonly Readonly<{ id: string }>[]): Promise<void> {
    for (const { id } of payouts) {
      try {
        await this.payouts.advance(id);
      } catch (error) {
        // One payout does not keep the others waiting; it stays due.
        this.events.failed('payout', error);
      }
    }
  }

  async ensure(): Promise<void> {}
}
