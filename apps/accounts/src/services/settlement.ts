import type { Settle, Settled, SettledAll } from '@aisbf/contracts';
import { Fault } from '@aisbf/faults';
import { Injectable } from '@nestjs/common';
import { chargeFor } from '../domain/charge.js';
import { faults } from '../domain/faults.js';
import { HeldRequests } from './held-requests.js';
import { LedgerEvents } from './ledger-events.js';
import { type Ending, LedgerStore } from './ledger-store.js';

/** Ends a request: charges what was delivered, gives back the rest. */
@Injectable()
export class Settlement {
  constructor(
    private readonly ledger: LedgerStore,
    private readonly events: LedgerEvents,
    private readonly held: HeldRequests,
  ) {}

  async settle(command: Settle): Promise<Settled> {
    const { requestId } = command;
    const ending = await this.endingOf(command);
    const { charge } = ending;
    const { result, charged } = await this.ledger.settle(ending);
    if (result === 'missing') throw faults.HOLD_MISSING();
    if (result === 'declined') throw faults.HOLD_DECLINED();
    this.events.settled({ requestId, result, charged, charge });
    return { requestId, result, charged: charged.toString() };
  }

  /** What the request costs, by what was fixed when its money was set aside. */
  async endingOf(command: Settle): Promise<Ending> {
    const { terms, leased } = await this.held.find(command.requestId, command.ticket);
    const charge = chargeFor(terms, command);
    if (!charge) throw faults.SETTLEMENT_INVALID();
    return { command, charge, leased };
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
}
