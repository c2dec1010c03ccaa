import { requireOperator } from '@aisbf/access';
import type { ListReconciliations, Principal, Reconciliation } from '@aisbf/contracts';
import { Injectable } from '@nestjs/common';
import { distinctFindings } from '../domain/reconciliation.js';
import { LedgerEvents } from './ledger-events.js';
import { ReconciliationEvents } from './reconciliation-events.js';
import { ReconciliationStore } from './reconciliations.js';

/** What was seen, for whoever asks: metrics of every replica, and operators. */
@Injectable()
export class ReconciliationReport {
  constructor(
    private readonly store: ReconciliationStore,
    private readonly events: ReconciliationEvents,
    private readonly ledgerEvents: LedgerEvents,
  ) {}

  /** Tells what the last runs saw, whichever process they ran in. */
  async tell(): Promise<void> {
    const runs = await this.store.latest();
    this.events.reported(runs);
    this.ledgerEvents.checked(distinctFindings(runs.flatMap(({ findings }) => findings)));
  }

  list(principal: Principal, query: ListReconciliations): Promise<readonly Reconciliation[]> {
    requireOperator(principal);
    return this.store.list(query);
  }
}

/** Where jobs wait for a process that does them. It may forget all it has: the store knows what is due. */
export abstract class ReconciliationClock {
  abstract ensure(): Promise<void>;
}
