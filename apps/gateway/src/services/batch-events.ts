import { Log, Metrics } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import type { LineEnd } from './line-run.js';

/** What happens to batches here, as log lines and figures. */
@Injectable()
export class BatchEvents {
  private running = 0;
  private readonly ends;

  constructor(
    metrics: Metrics,
    private readonly log: Log,
  ) {
    metrics.gauge('batch_lines_running', 'Lines of batches in flight.', () => this.running);
    this.ends = metrics.counter('batch_lines_total', 'Goes at lines of batches, by end.', ['end']);
  }

  lineBegan(): void {
    this.running += 1;
  }

  lineEnded(end: LineEnd | 'broken'): void {
    this.running -= 1;
    this.ends.inc({ end });
  }

  /** Whatever it was, the line has no outcome: it is taken again. */
  lineBroke(batchId: string, position: number, error: unknown): void {
    this.log.warn({ batchId, position, error }, 'a line of a batch was not run');
  }

  batchBroke(batchId: string, error: unknown): void {
    this.log.warn({ batchId, error }, 'work on a batch broke off and will be taken up again');
  }
}
