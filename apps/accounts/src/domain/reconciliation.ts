/** The jobs of reconciliation, each with a deeper look and a longer pause. */
export const reconciliationJobs = ['minute', 'hour', 'day'] as const;
export type ReconciliationJob = (typeof reconciliationJobs)[number];

/** From a moment, inclusive, to another, exclusive. */
export type Window = Readonly<{ from: Date; to: Date }>;

/** Something that contradicts something else. `violation` is a name out of a fixed set. */
export type Finding = Readonly<{ violation: string; subject: string; detail: string }>;

/** What was looked at, by name. */
export type Counts = Readonly<Record<string, number>>;

export type Outcome = Readonly<{ counts: Counts; findings: readonly Finding[] }>;

const periodMs: Readonly<Record<ReconciliationJob, number>> = {
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
};

/**
 * How long after its end a window is looked at: what was begun in it has been committed by then. Nothing that moves
 * money may run for more than a few seconds (`statement_timeout`, `idle_in_transaction_session_timeout`).
 */
const lagMs = 60_000;

/**
 * What a job has to look at now: everything since it last ended, in whole periods, so that one that was missed is part
 * of the next. Undefined where no period has ended since. One that never ran begins with the last period.
 */
export function windowDue(
  job: ReconciliationJob,
  lastEnd: Date | undefined,
  now: Date,
): Window | undefined {
  const period = periodMs[job];
  const toMs = Math.floor((now.getTime() - lagMs) / period) * period;
  const fromMs = lastEnd?.getTime() ?? toMs - period;
  return fromMs < toMs ? { from: new Date(fromMs), to: new Date(toMs) } : undefined;
}

/** Findings once each, and no more than can be kept and read. */
export function distinctFindings(findings: Iterable<Finding>): readonly Finding[] {
  const all = new Map<string, Finding>();
  for (const finding of findings) {
    if (all.size === findingsMax) break;
    const name = JSON.stringify([finding.violation, finding.subject, finding.detail]);
    all.set(name, finding);
  }
  return [...all.values()];
}

/** Where there are more, the first thousand are enough to see that somebody must look. */
export const findingsMax = 1_000;
