import { Injectable } from '@nestjs/common';
import type { HeldTerms } from '../domain/charge.js';
import { faults } from '../domain/faults.js';
import { type LeasedRequest, readTicket } from '../domain/lease-ticket.js';
import { LedgerStore } from './ledger-store.js';

/** What routers seal their tickets with. */
export class TicketSecret {
  constructor(readonly value: string) {}
}

export type HeldRequest = Readonly<{ terms: HeldTerms; leased: LeasedRequest | undefined }>;

/** Finds what was fixed when a request was admitted: in its ticket, where its money is a lease's, else in its hold. */
@Injectable()
export class HeldRequests {
  constructor(
    private readonly ledger: LedgerStore,
    private readonly secret: TicketSecret,
  ) {}

  async find(requestId: string, ticket: string | null): Promise<HeldRequest> {
    if (ticket !== null) {
      const leased = this.leased(requestId, ticket);
      if (!leased) throw faults.TICKET_INVALID();
      return { terms: leased, leased };
    }
    const terms = await this.ledger.heldTerms(requestId);
    if (!terms) throw faults.HOLD_MISSING();
    return { terms, leased: undefined };
  }

  /** Undefined where the ticket is none of ours, or another request's. */
  leased(requestId: string, ticket: string): LeasedRequest | undefined {
    return readTicket(ticket, requestId, this.secret.value);
  }
}
