import type { Candidate } from '@aisbf/contracts';
import type { EgressRefused } from '@aisbf/egress';
import type { Log, Metrics } from '@aisbf/platform';

/** Attempts that were not made, since they would have led where they may not. */
export class EgressRefusals {
  private readonly counts;

  constructor(
    private readonly log: Log,
    metrics: Metrics,
  ) {
    this.counts = metrics.counter(
      'egress_refusals_total',
      'Hosted providers that were not dialled, by what is wrong with where they are.',
      ['reason'],
    );
  }

  note({ providerId, providerLabel }: Candidate, { reason, host }: EgressRefused): void {
    this.counts.inc({ reason });
    this.log.info({ providerId, providerLabel, reason, host }, 'a hosted provider is not dialled');
  }
}
