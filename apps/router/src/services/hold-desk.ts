import type { Admit } from '@aisbf/contracts';
import { seal } from '@aisbf/secrets';
import { Injectable } from '@nestjs/common';
import type { TokenBuyer } from '../domain/buyer.js';
import { toRejection, toTerms } from '../domain/plan-message.js';
import { Accounts } from './accounts.js';
import { Allowances } from './allowances.js';
import type { Held, Planned } from './planning.js';
import { SelectionNotes } from './selection-notes.js';

/** What tickets are sealed with, for accounts to open. */
export class TicketSecret {
  constructor(readonly value: string) {}
}

/** Sets money aside for a planned request: from a lease, where there is one, else by asking the ledger. */
@Injectable()
export class HoldDesk {
  constructor(
    private readonly allowances: Allowances,
    private readonly accounts: Accounts,
    private readonly secret: TicketSecret,
    private readonly notes: SelectionNotes,
  ) {}

  async hold(request: Admit, buyer: TokenBuyer, planned: Planned): Promise<Held> {
    const held = await this.setAside(request, buyer, planned);
    const { requestId } = request;
    this.notes.add({ requestId, ownerId: buyer.ownerId, selections: planned.route.selections });
    return held;
  }

  private async setAside(
    { requestId, facts, idempotency }: Admit,
    buyer: TokenBuyer,
    planned: Planned,
  ): Promise<Held> {
    const amount = planned.route.holdAmount;
    const request = {
      requestId,
      apiTokenId: buyer.apiTokenId,
      ownerId: buyer.ownerId,
      amount: amount.toString(),
      route: facts.route,
      isStream: facts.isStream,
      terms: planned.route.candidates.map(toTerms),
      rejections: planned.route.rejections.map(toRejection),
    };
    // A key is claimed where the hold is, a lease waits neither for what is made later nor for the end of a session, and the
    // money of a line that somebody else takes over is free at once.
    const isLong = facts.isDeferred === true || facts.endpoint === 'realtime';
    const isAlone = idempotency !== undefined || isLong || facts.isBatch === true;
    const leaseId = isAlone ? undefined : this.allowances.take({ requestId, buyer, amount });
    if (leaseId !== undefined) {
      const ticket = { ...request, leaseId, createdAtMs: planned.plannedAtMs };
      return { holdEpoch: 1, ticket: seal(JSON.stringify(ticket), this.secret.value) };
    }
    const { holdEpoch } = await this.accounts.authorise({
      type: 'authorise',
      ...request,
      expiresAtMs: planned.holdExpiresAtMs,
      concurrencyMax: buyer.limits.concurrencyMax,
      ...(idempotency && { idempotency }),
    });
    return { holdEpoch, ticket: null };
  }
}
