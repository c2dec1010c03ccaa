import type { SelectionRecord, WorkerVerdict } from '@aisbf/contracts';
import { Fault } from '@aisbf/faults';
import { Log, Metrics } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import { builtInAutoselects } from './domain/built-in-autoselects.js';
import type { UsageVerdict } from './domain/usage-window.js';

export type UsageJudgement = Readonly<{
  providerId: string;
  model: string;
  verdict: UsageVerdict;
  differenceBps: number;
}>;

/** What happens here and somebody wants to count or read: one home for the log line and the number. */
@Injectable()
export class RouterEvents {
  private readonly admissions;
  private readonly planSeconds;
  private readonly uncheckedRates;
  private readonly ownerRates;
  private readonly workers;
  private readonly reloads;
  private readonly allowances;
  private readonly usageVerdicts;
  private readonly selections;

  constructor(
    private readonly log: Log,
    metrics: Metrics,
  ) {
    this.admissions = metrics.counter('admissions_total', 'Requests by what became of them.', [
      'result',
    ]);
    this.planSeconds = metrics.histogramSeconds('plan_seconds', 'Time to plan one request.');
    this.uncheckedRates = metrics.counter(
      'rate_unchecked_total',
      'Requests let through while the rate counter was away.',
    );
    this.ownerRates = metrics.counter(
      'owner_rate_unknown_total',
      "Owners' rates that could not be checked or counted: the counter was away.",
    );
    this.workers = metrics.counter('workers_judged_total', 'Workers that asked to connect.', [
      'result',
    ]);
    this.allowances = metrics.counter(
      'allowance_requests_total',
      'Requests by whether a lease has paid for them, or the ledger was asked.',
      ['result'],
    );
    this.usageVerdicts = metrics.counter(
      'usage_verdicts_total',
      "Changes of what is held against sellers' counts.",
      ['verdict'],
    );
    this.selections = metrics.counter(
      'selections_total',
      'Decisions of autoselects, by the name of the policy; those of owners are one.',
      ['autoselect'],
    );
    this.reloads = metrics.counter('catalogue_looks_failed_total', 'Looks for a new revision.');
  }

  admitted(): void {
    this.admissions.inc({ result: 'admitted' });
  }

  notAdmitted(error: unknown): void {
    this.admissions.inc({ result: error instanceof Fault ? error.code.toLowerCase() : 'bug' });
  }

  allowanceUsed(isPaid: boolean): void {
    this.allowances.inc({ result: isPaid ? 'lease' : 'ledger' });
  }

  leaseFailed(error: unknown): void {
    this.log.warn({ error }, 'a lease could not be opened, renewed or given back');
  }

  usageJudged(judged: UsageJudgement): void {
    this.usageVerdicts.inc({ verdict: judged.verdict });
    const say = judged.verdict === 'paused' ? 'error' : 'warn';
    this.log[say](judged, "a seller's counts were compared with ours");
  }

  usageMarkFailed(error: unknown): void {
    this.log.warn({ error }, "what is held against a seller's counts could not be written down");
  }

  /** Starts the watch; what it gives stops it. */
  planStarted(): () => void {
    return this.planSeconds.startTimer();
  }

  /** The record of a decision is all that it takes to make it again. It holds nothing of the prompt. */
  selected(requestId: string, selections: readonly SelectionRecord[]): void {
    for (const record of selections) {
      const name = record.autoselect.split('/')[1] ?? '';
      this.selections.inc({ autoselect: builtInAutoselects.has(name) ? name : 'other' });
      this.log.debug({ requestId, record }, 'an autoselect has decided');
    }
  }

  rateUnchecked(error: Fault): void {
    this.uncheckedRates.inc();
    this.log.debug({ error }, 'a request was let through without its rate being checked');
  }

  /** Of an owner's own limits nobody is let through unchecked. */
  ownerRateUnknown(error: unknown): void {
    this.ownerRates.inc();
    this.log.debug({ error }, "an owner's rate could not be checked or counted");
  }

  workerJudged(verdict: WorkerVerdict): void {
    if (verdict.type === 'worker-admitted') {
      this.workers.inc({ result: 'admitted' });
      return;
    }
    const { reason, providerId } = verdict;
    this.workers.inc({ result: reason });
    this.log.info({ reason, providerId }, 'a worker was refused');
  }

  catalogueServed(revision: number): void {
    this.log.info({ revision }, 'serving a new revision of the catalogue');
  }

  catalogueUnreachable(error: unknown): void {
    this.reloads.inc();
    this.log.warn({ error }, 'could not look for a new revision of the catalogue');
  }

  autoselectUnreadable(id: string): void {
    this.log.error({ id }, 'a stored autoselect has a form that is not known here');
  }

  actsWait(error: unknown): void {
    this.log.warn({ error }, 'the record of acts cannot be reached; they wait');
  }

  actRefused(actId: string, error: unknown): void {
    this.log.error({ actId, error }, 'the record does not take an act');
  }
}
