import { Log, Metrics } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';

/** What becomes of the decisions of autoselects on their way to the receipts. */
@Injectable()
export class SelectionEvents {
  private readonly lost;

  constructor(
    private readonly log: Log,
    metrics: Metrics,
  ) {
    this.lost = metrics.counter(
      'selection_notes_lost_total',
      'Requests whose receipts do not tell what autoselects have decided, by the reason.',
      ['reason'],
    );
  }

  notesWait(error: unknown): void {
    this.log.warn({ error }, 'what autoselects have decided cannot be told; it waits');
  }

  notesLost(reason: 'refused' | 'too_large' | 'too_many', count: number, error?: unknown): void {
    this.lost.inc({ reason }, count);
    this.log.warn(
      { reason, count, error },
      'what autoselects have decided is missing from receipts',
    );
  }
}
