import type { ListReconciliations, Reconciliation } from '@aisbf/contracts';
import { Injectable } from '@nestjs/common';
import {
  type Counts,
  distinctFindings,
  type Finding,
  type Outcome,
  type ReconciliationJob,
  type Window,
  windowDue,
} from '../domain/reconciliation.js';
import { AuditBlocks, dayBefore } from './audit-blocks.js';
import { OutsideBooks } from './outside-books.js';
import { ReconciliationEvents } from './reconciliation-events.js';

export type LatestRun = Readonly<{
  job: ReconciliationJob;
  endedAt: Date;
  findings: readonly Finding[];
}>;

/** What was reconciled: the truth of it, whatever calls the jobs. */
export abstract class ReconciliationStore {
  /** Does the work unless somebody else, in whatever process, does the same job: then undefined. */
  abstract alone<Result>(
    job: ReconciliationJob,
    work: () => Promise<Result>,
  ): Promise<Result | undefined>;
  abstract progress(job: ReconciliationJob): Promise<Readonly<{ now: Date; lastEnd?: Date }>>;
  abstract begin(job: ReconciliationJob, window: Window, isRepeat: boolean): Promise<string>;
  /** False where that window has been ended by another run. */
  abstract end(id: string, outcome: Outcome): Promise<boolean>;
  /** The last run of each job that has ended. */
  abstract latest(): Promise<readonly LatestRun[]>;
  abstract list(query: ListReconciliations): Promise<readonly Reconciliation[]>;
}

/** Looks at the ledger from within. Each question sees one moment. */
export abstract class LedgerChecks {
  /** What changed in the window, and what can be told of the whole without its history. */
  abstract minute(window: Window): Promise<readonly Finding[]>;
  /** Sums that are kept, leases, and events that wait. */
  abstract hour(window: Window): Promise<readonly Finding[]>;
  /** All of it, from the beginning. */
  abstract whole(): Promise<readonly Finding[]>;
  abstract moved(window: Window): Promise<Counts>;
}

/** Minute, hour and day: looks at what each is due to look at, and writes down what it saw. */
@Injectable()
export class Reconciliations {
  constructor(
    private readonly store: ReconciliationStore,
    private readonly checks: LedgerChecks,
    private readonly outside: OutsideBooks,
    private readonly blocks: AuditBlocks,
    private readonly events: ReconciliationEvents,
  ) {}

  /** Does what is due of a job. Any number of processes may call it at any time; false where nothing was done. */
  async run(job: ReconciliationJob): Promise<boolean> {
    const isDone = await this.store.alone(job, async () => {
      // Closing days does not wait for what may fail.
      if (job === 'day') await this.blocks.seal();
      const { now, lastEnd } = await this.store.progress(job);
      const window = windowDue(job, lastEnd, now);
      return window !== undefined && (await this.write(job, window, false)) !== undefined;
    });
    return isDone ?? false;
  }

  /** Looks at a window again and writes down what it saw, for the metrics to show. Undefined: another one is at it. */
  async repeat(job: ReconciliationJob, window: Window): Promise<Outcome | undefined> {
    return this.store.alone(job, () => this.write(job, window, true));
  }

  /** Looks, and writes nothing down. */
  async look(job: ReconciliationJob, window: Window): Promise<Outcome> {
    const counts = await this.checks.moved(window);
    if (job === 'minute') return outcomeOf(counts, await this.checks.minute(window));
    if (job === 'hour') {
      const blocks = await this.blocks.verify([], dayBefore(window.to));
      return outcomeOf(counts, [...(await this.checks.hour(window)), ...blocks.findings]);
    }
    // Others are asked first: they may not answer, and the look at the whole ledger is dear.
    const outside = await this.outside.compare(window);
    const whole = await this.checks.whole();
    const { blocks, findings } = await this.blocks.verify();
    return outcomeOf({ ...counts, ...outside.counts, blocks }, [
      ...findings,
      ...outside.findings,
      ...whole,
    ]);
  }

  private async write(job: ReconciliationJob, window: Window, isRepeat: boolean) {
    const id = await this.store.begin(job, window, isRepeat);
    const outcome = await this.look(job, window);
    if (!(await this.store.end(id, outcome))) return undefined;
    this.events.ended(job, window, outcome);
    return outcome;
  }
}

function outcomeOf(counts: Counts, findings: readonly Finding[]): Outcome {
  return { counts, findings: distinctFindings(findings) };
}
