import type { PlanCase } from './plan-case.js';
import type { OracleUpstream } from './plan-oracle-fit.js';
import { nowMs } from './random-schedule.js';

/** Until when it is asked last, 0 where it is not; and whether a request may try it out. */
export type OracleStanding = Readonly<{ untilMs: number; isOnTrial: boolean }>;

export function standingOf({ health }: PlanCase, { healthName }: OracleUpstream): OracleStanding {
  const known = health.get(healthName);
  const isCooling = known !== undefined && known.untilMs > nowMs;
  if (isCooling) return { untilMs: known.untilMs, isOnTrial: false };
  const hasFailed = known !== undefined && known.failures > 0;
  if (!hasFailed) return { untilMs: 0, isOnTrial: false };
  const trialUntilMs = known.trialUntilMs ?? 0;
  // Another request is trying it out.
  if (trialUntilMs > nowMs) return { untilMs: trialUntilMs, isOnTrial: false };
  return { untilMs: 0, isOnTrial: true };
}

/** Who fails between successes so much more often than the others that it is out for a while; until when. */
export function outAmong(
  one: PlanCase,
  pool: readonly OracleUpstream[],
): ReadonlyMap<string, number> {
  const { outliers } = one.settings;
  const out = new Map<string, number>();
  if (!outliers || pool.length < 2) return out;
  const rates = pool.map(({ healthName }) => {
    const ends = one.health.get(healthName)?.recent ?? [];
    const isTelling = ends.length >= outliers.endsMin;
    return isTelling ? ends.filter((isServed) => isServed).length / ends.length : 1;
  });
  const worse = pool
    .map((upstream, at) => {
      const others = rates.filter((_rate, other) => other !== at);
      const mean = others.reduce((sum, each) => sum + each, 0) / others.length;
      const known = one.health.get(upstream.healthName);
      const ends = known?.recent?.length ?? 0;
      const untilMs = known && ends >= outliers.endsMin ? known.lastEndAtMs + outliers.outMs : 0;
      return { upstream, rate: rates[at] ?? 1, short: mean - (rates[at] ?? 1), untilMs };
    })
    .filter(({ upstream, short, untilMs }) => {
      const isCooling = standingOf(one, upstream).untilMs > 0;
      return !isCooling && untilMs > nowMs && short > outliers.shortfall + 1e-9;
    })
    .sort((left, right) => left.rate - right.rate);
  const cooling = pool.filter((each) => standingOf(one, each).untilMs > 0).length;
  const room = Math.floor(pool.length * outliers.shareMax) - cooling;
  for (const { upstream, untilMs } of worse.slice(0, Math.max(0, room))) {
    out.set(upstream.healthName, untilMs);
  }
  return out;
}
