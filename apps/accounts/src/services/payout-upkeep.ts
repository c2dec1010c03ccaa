import { requireOperator } from '@aisbf/access';
import type { PayoutRun } from '@aisbf/contracts';
import { Injectable } from '@nestjs/common';
import { type Actor, auditEntry } from '../domain/audit.js';
import { AuditStore } from './audit-log.js';
import { PayoutEvents } from './payout-events.js';
import { PayoutQueue } from './payout-store.js';
import { Payouts } from './payouts.js';

/** Payouts handed to the queue in one sweep; the next one is soon. */
const sweepMax = 1_000;

/** What makes payouts go on: by the clock, and when an operator says so. */
@Injectable()
export class PayoutUpkeep {
  constructor(
    private readonly payouts: Payouts,
    private readonly queue: PayoutQueue,
    private readonly events: PayoutEvents,
    private readonly audit: AuditStore,
  ) {}

  /** An operator's run: written down before it begins, and again with each payout that it makes. */
  async runFor(actor: Actor, isDryRun: boolean): Promise<PayoutRun> {
    const { principal } = actor;
    requireOperator(principal);
    if (!isDryRun) {
      const deed = { action: 'payout-run.begin', subject: 'all owners', detail: {} } as const;
      await this.audit.record(auditEntry(actor, principal.ownerId, deed));
    }
    const run = await this.payouts.prepareAll(isDryRun, actor);
    try {
      if (!isDryRun) await this.sweep();
    } catch (error) {
      // What is prepared is there to stay, and the next sweep finds it.
      this.events.failed('sweep', error);
    }
    return run;
  }

  async run(): Promise<void> {
    await this.payouts.prepareAll(false);
    await this.sweep();
  }

  /** Hands all that is due to the queue: also what a queue that has lost everything should have known. */
  async sweep(): Promise<number> {
    const due = await this.payouts.due(sweepMax);
    await this.queue.add(due);
    return due.length;
  }
}
