import type { Outcome, ReconciliationJob, Window } from '../domain/reconciliation.js';

/** What reconciliation saw, for people and for counters. */
export abstract class ReconciliationEvents {
  abstract ended(job: ReconciliationJob, window: Window, outcome: Outcome): void;
  /** How things stand by the last run of each job, wherever it ran. */
  abstract reported(
    runs: readonly Readonly<{
      job: ReconciliationJob;
      endedAt: Date;
      findings: Outcome['findings'];
    }>[],
  ): void;
  abstract failed(what: string, error: unknown): void;
}
