import type { ProbeEnded, ProbeKind } from '@aisbf/contracts';
import { Log, Metrics } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';

/** Why a probe that was due is not made. */
export type ProbeSkip = 'not_wanted' | 'worker_busy' | 'over_budget';

/** What happens to probes, as log lines and numbers. */
@Injectable()
export class ProbeEvents {
  private readonly probes;
  private readonly failures;

  constructor(
    private readonly log: Log,
    metrics: Metrics,
  ) {
    this.probes = metrics.counter('probes_total', 'Probes of this replica by how they ended.', [
      'kind',
      'result',
    ]);
    this.failures = metrics.counter(
      'probe_queue_failures_total',
      'Probes that could not be queued or made: Redis was away.',
    );
  }

  ended({ kind, reason, providerId, model, outcome, tookMs }: ProbeEnded): void {
    this.probes.inc({ kind, result: reason ?? 'answered' });
    this.log.debug({ kind, providerId, model, outcome, reason, tookMs }, 'a probe has ended');
  }

  skipped(kind: ProbeKind, why: ProbeSkip): void {
    this.probes.inc({ kind, result: `skipped_${why}` });
  }

  failed(what: string, error: unknown): void {
    this.failures.inc();
    this.log.warn({ what, error }, 'probes could not be queued or made');
  }
}
