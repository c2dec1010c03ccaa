import type { Settle, Settled, SettledAll } from '@aisbf/contracts';
import { Fault } from '@aisbf/faults';
import { Injectable } from '@nestjs/common';
import { chargeFor } from '../domain/charge.js';
import { faults } from '../domain/faults.js';
import { type LeasedRequest, readTicket } from '../domain/lease-ticket.js';
import { LedgerEvents } from './ledger-events.js';
import { LedgerStore } from './ledger-store.js';
import { TicketSecret } from './ticket-secret.js';

/** Ends a request: charges what was delivered, gives back the rest. */
@Injectable()
export class Settlement {
  constructor(
    private readonly ledger: LedgerStore,
    private readonly events: LedgerEvents,
    private readonly secret: TicketSecret,
  ) {}

  async settle(command: Settle): Promise<Settled> {
    const { requestId } = command;
    const leased = this.leasedRequest(command);
    const hold = leased ?? (await this.ledger.heldTerms(requestId));
    if (!hold) throw faults.HOLD_MISSING();
    const charge = chargeFor(hold, command);
    if (!charge) throw faults.SETTLEMENT_INVALID();

    const { result, charged } = await this.ledger.settle({ command, charge, leased });
    if (result === 'missing') throw faults.HOLD_MISSING();
    if (result === 'declined') throw faults.HOLD_DECLINED();
    this.events.settled({ requestId, result, charged, charge });
    return { requestId, result, charged: charged.toString() };
  }

  /** Each by itself: one that is refused leaves the others alone. */
  async settleAll(commands: readonly Settle[]): Promise<SettledAll> {
    const settle = async (command: Settle) => {
      try {
        return await this.settle(command);
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
        return { fault: error.toData() };
      }
    };
    return { results: await Promise.all(commands.map(settle)) };
  }

  private leasedRequest({ ticket, requestId }: Settle): LeasedRequest | undefined {
    if (ticket === null) return undefined;
    const leased = readTicket(ticket, requestId, this.secret.value);
    if (!leased) throw faults.SETTLEMENT_INVALID();
    return leased;
  }
}
