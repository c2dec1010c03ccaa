import type { Settle, Settled } from '@aisbf/contracts';
import { Injectable } from '@nestjs/common';
import { chargeFor } from '../domain/charge.js';
import { faults } from '../domain/faults.js';
import { LedgerEvents } from './ledger-events.js';
import { LedgerStore } from './ledger-store.js';

/** Ends a request: charges what was delivered, gives back the rest. */
@Injectable()
export class Settlement {
  constructor(
    private readonly ledger: LedgerStore,
    private readonly events: LedgerEvents,
  ) {}

  async settle(command: Settle): Promise<Settled> {
    const hold = await this.ledger.heldTerms(command.requestId);
    if (!hold) throw faults.HOLD_MISSING();
    const charge = chargeFor(hold, command);
    if (!charge) throw faults.SETTLEMENT_INVALID();

    const { result, charged } = await this.ledger.settle(command, charge);
    if (result === 'missing') throw faults.HOLD_MISSING();
    if (result === 'declined') throw faults.HOLD_DECLINED();
    this.events.settled({ requestId: command.requestId, result, charged, charge });
    return { requestId: command.requestId, result, charged: charged.toString() };
  }
}
