import type { CpuUs, Measured } from './measurement.js';
import { median, type Quantiles, spread } from './statistics.js';
import type { TargetName } from './target.js';

/** What one target did in all rounds. */
export type TargetRounds = Readonly<{
  name: TargetName;
  title: string;
  rounds: readonly Measured[];
}>;

/** One target in one row: the median of the rounds, each figure for itself. */
export type Summary = Readonly<{
  name: TargetName;
  title: string;
  sequential: Quantiles;
  /** What the target adds to the same percentile of the direct way in the same round. */
  added: Quantiles;
  requestsPerS: number;
  /** Half the way from the slowest round to the fastest, as a share of the median. */
  requestsSpread: number;
  streamsPerS: number;
  cpuUsPerRequest: CpuUs;
  cpuUsPerStream: CpuUs;
  openLoop: Quantiles;
  /** The highest of all rounds: a peak has no median. */
  peakMb: number;
  ownPeakMb: number;
}>;

/** Rounds are compared with the direct way of the same round, so that a slow moment of the machine cancels. */
export function summarise(target: TargetRounds, direct: TargetRounds): Summary {
  const { name, title, rounds } = target;
  const over = (figure: (measured: Measured, round: number) => number): number =>
    median(rounds.map(figure));
  const quantilesOver = (figure: (measured: Measured, round: number) => Quantiles): Quantiles => {
    const found = rounds.map(figure);
    return {
      p50: median(found.map(({ p50 }) => p50)),
      p90: median(found.map(({ p90 }) => p90)),
      p99: median(found.map(({ p99 }) => p99)),
    };
  };
  return {
    ...{ name, title },
    sequential: quantilesOver(({ sequential }) => sequential),
    added: quantilesOver(({ sequential }, round) =>
      difference(sequential, direct.rounds[round]?.sequential),
    ),
    requestsPerS: over(({ requestsPerS }) => requestsPerS),
    requestsSpread: spread(rounds.map(({ requestsPerS }) => requestsPerS)),
    streamsPerS: over(({ streamsPerS }) => streamsPerS),
    cpuUsPerRequest: medians(rounds.map(({ cpuUsPerRequest }) => cpuUsPerRequest)),
    cpuUsPerStream: medians(rounds.map(({ cpuUsPerStream }) => cpuUsPerStream)),
    openLoop: quantilesOver(({ openLoop }) => openLoop),
    peakMb: Math.max(...rounds.map(({ peakMb }) => peakMb)),
    ownPeakMb: Math.max(...rounds.map(({ ownPeakMb }) => ownPeakMb)),
  };
}

function difference(one: Quantiles, other: Quantiles | undefined): Quantiles {
  if (other === undefined) return { p50: Number.NaN, p90: Number.NaN, p99: Number.NaN };
  return { p50: one.p50 - other.p50, p90: one.p90 - other.p90, p99: one.p99 - other.p99 };
}

function medians(rounds: readonly CpuUs[]): CpuUs {
  const names = Object.keys(rounds[0] ?? {});
  return Object.fromEntries(
    names.map((name) => [name, median(rounds.map((round) => round[name] ?? Number.NaN))]),
  );
}

/** Of all processes together; NaN where there are none. */
export function totalUs(cpu: CpuUs): number {
  const each = Object.values(cpu);
  return each.length === 0 ? Number.NaN : each.reduce((sum, us) => sum + us, 0);
}
