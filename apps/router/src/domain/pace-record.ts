import { LogBuckets } from './log-buckets.js';
import type { Pace, PaceFigures, PaceSample } from './pace.js';
import { RecentValues, type ValueCounts } from './recent-values.js';

/** Percentiles are right to within this share of themselves. */
export const paceErrorMax = 0.05;

/** The spans over which pace is told, the shortest first. */
export const paceWindows = [
  { window: '5m', spanMs: 300_000, slices: 5 },
  { window: '30m', spanMs: 1_800_000, slices: 6 },
  { window: '1d', spanMs: 86_400_000, slices: 12 },
] as const;
export type PaceWindow = (typeof paceWindows)[number]['window'];

export type WindowPace = Readonly<{
  window: PaceWindow;
  firstMs: (CountedFigures & Readonly<{ probes: number }>) | null;
  tokensPerS: CountedFigures | null;
}>;
export type CountedFigures = PaceFigures & Readonly<{ requests: number }>;

/** A millisecond to an hour: no request may take longer. */
const msBuckets = new LogBuckets(1, 3_600_000, paceErrorMax);
/** A token in ten seconds to far more than any machine has. */
const speedBuckets = new LogBuckets(0.1, 100_000, paceErrorMax);

/** How fast one provider's model was of late. Takes 30 KB at most, and half as much again where it is probed. */
export class PaceRecord {
  private readonly firstMs = paceWindows.map((span) => new RecentValues(msBuckets, span));
  /** Those of `firstMs` that are of probes; absent where none is. */
  private probeMs: readonly RecentValues[] | undefined;
  private readonly tokensPerS = paceWindows.map((span) => new RecentValues(speedBuckets, span));

  add({ firstMs, tokensPerS }: PaceSample, atMs: number): void {
    if (firstMs !== null) for (const values of this.firstMs) values.add(firstMs, atMs);
    if (tokensPerS !== null) for (const values of this.tokensPerS) values.add(tokensPerS, atMs);
  }

  /** A probe of the market, which is as good as a stream: its answer is too short to tell a speed. */
  addProbe(firstMs: number, atMs: number): void {
    this.probeMs ??= paceWindows.map((span) => new RecentValues(msBuckets, span));
    for (const values of [...this.firstMs, ...this.probeMs]) values.add(firstMs, atMs);
  }

  /** By the shortest window that holds so many requests; null of what no window does. */
  paceAt(nowMs: number, requestsMin: number): Pace {
    return {
      firstMs: figuresOfFirst(this.firstMs, nowMs, requestsMin, timeFigures),
      tokensPerS: figuresOfFirst(this.tokensPerS, nowMs, requestsMin, speedFigures),
    };
  }

  /** Each window as it is. */
  windowsAt(nowMs: number): readonly WindowPace[] {
    return paceWindows.map(({ window }, at) => ({
      window,
      firstMs: this.firstWindowAt(at, nowMs),
      tokensPerS: counted(this.tokensPerS[at]?.countsAt(nowMs), speedFigures),
    }));
  }

  private firstWindowAt(at: number, nowMs: number): WindowPace['firstMs'] {
    const figures = counted(this.firstMs[at]?.countsAt(nowMs), timeFigures);
    return figures && { ...figures, probes: this.probeMs?.[at]?.countsAt(nowMs).total ?? 0 };
  }
}

type ToFigures = (counts: ValueCounts) => PaceFigures | null;

function figuresOfFirst(
  windows: readonly RecentValues[],
  nowMs: number,
  requestsMin: number,
  toFigures: ToFigures,
): PaceFigures | null {
  for (const values of windows) {
    const counts = values.countsAt(nowMs);
    if (counts.total >= Math.max(1, requestsMin)) return toFigures(counts);
  }
  return null;
}

function counted(counts: ValueCounts | undefined, toFigures: ToFigures): CountedFigures | null {
  const figures = counts && toFigures(counts);
  return figures ? { requests: counts.total, ...figures } : null;
}

/** Of times the better are the shorter. */
function timeFigures(counts: ValueCounts): PaceFigures | null {
  return figuresAt((share) => counts.quantile(share));
}

/** Of speeds the better are the higher: p99 is what only one in a hundred stays below. */
function speedFigures(counts: ValueCounts): PaceFigures | null {
  return figuresAt((share) => counts.quantile(1 - share));
}

function figuresAt(quantile: (share: number) => number | undefined): PaceFigures | null {
  const [p50, p75, p90, p99] = [0.5, 0.75, 0.9, 0.99].map(quantile);
  if (p50 === undefined || p75 === undefined || p90 === undefined || p99 === undefined) return null;
  return { p50, p75, p90, p99 };
}
