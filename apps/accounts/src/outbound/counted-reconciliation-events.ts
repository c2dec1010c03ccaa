import { Log, Metrics } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import {
  type Outcome,
  type ReconciliationJob,
  reconciliationJobs,
  type Window,
} from '../domain/reconciliation.js';
import { ReconciliationEvents } from '../services/reconciliation-events.js';

/** Each event as a log line and a figure, in one place. No label is named `job`: Prometheus has one of that name. */
@Injectable()
export class CountedReconciliationEvents extends ReconciliationEvents {
  private readonly violations;
  private readonly lastSuccess;
  private readonly failures;

  constructor(
    metrics: Metrics,
    private readonly log: Log,
  ) {
    super();
    this.violations = metrics.gaugeBy(
      'reconciliation_violations',
      'What the last run of each job has found, by kind.',
      ['window', 'kind'],
    );
    this.lastSuccess = metrics.gaugeBy(
      'reconciliation_last_success_seconds',
      'When the last run of each job ended, in seconds since 1970; 0 where none has.',
      ['window'],
    );
    this.failures = metrics.counter(
      'reconciliation_failures_total',
      'Runs that came to no end; their window is taken again.',
      ['what'],
    );
    for (const window of reconciliationJobs) this.lastSuccess.set({ window }, 0);
  }

  ended(job: ReconciliationJob, { from, to }: Window, { counts, findings }: Outcome): void {
    const fields = { job, from, to, counts, violations: findings.length };
    if (findings.length === 0) this.log.info(fields, 'reconciled');
    else this.log.error({ ...fields, findings }, 'reconciliation found contradictions');
  }

  reported(runs: Parameters<ReconciliationEvents['reported']>[0]): void {
    // What is not found any more is to be gone.
    this.violations.reset();
    for (const { job, endedAt, findings } of runs) {
      this.lastSuccess.set({ window: job }, endedAt.getTime() / 1000);
      for (const { violation: kind } of findings) this.violations.inc({ window: job, kind });
    }
  }

  failed(what: string, error: unknown): void {
    this.failures.inc({ what });
    this.log.warn({ what, error }, 'a reconciliation failed and will be tried again');
  }
}
