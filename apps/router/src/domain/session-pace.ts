import type { SessionMeasured } from '@aisbf/contracts';
import type { Pace, PaceFigures } from './pace.js';
import type { PresentSession } from './session-index.js';

/**
 * What the brokers have measured of the workers that have a model, for as long as no gateway has measured enough. They tell
 * a median of each machine over all of its models, in pieces of a stream for tokens: the middle one of those stands for the
 * provider's median. Nothing is known of its worse requests, so that no wish about those counts as met.
 */
export function paceOfSessions(sessions: readonly PresentSession[], model: string): Pace {
  const byModel = kept.get(sessions) ?? new Map<string, Pace>();
  if (byModel.size === 0) kept.set(sessions, byModel);
  const known = byModel.get(model);
  if (known) return known;
  const pace = read(sessions, model);
  byModel.set(model, pace);
  return pace;
}

/** By the list of workers: whoever comes, goes or changes makes another list. */
const kept = new WeakMap<readonly PresentSession[], Map<string, Pace>>();

function read(sessions: readonly PresentSession[], model: string): Pace {
  const measured = sessions
    .filter(({ session }) => session.models.some(({ name }) => name === model))
    .flatMap(({ session }) => session.measured ?? []);
  return {
    firstMs: medianOnly(measured, ({ firstMs }) => firstMs, Number.POSITIVE_INFINITY),
    tokensPerS: medianOnly(measured, ({ chunksPerSecond }) => chunksPerSecond, 0),
  };
}

function medianOnly(
  measured: readonly SessionMeasured[],
  figureOf: (one: SessionMeasured) => number | null,
  unknown: number,
): PaceFigures | null {
  const known = measured.flatMap((one) => {
    const figure = figureOf(one);
    return figure === null ? [] : [{ figure, requests: one.requests }];
  });
  const p50 = weightedMedian(known);
  return p50 === undefined ? null : { p50, p75: unknown, p90: unknown, p99: unknown };
}

/** A machine that serves more of the requests says more of what the next one meets. */
function weightedMedian(
  known: readonly Readonly<{ figure: number; requests: number }>[],
): number | undefined {
  const half = known.reduce((sum, { requests }) => sum + requests, 0) / 2;
  let seen = 0;
  return known
    .toSorted((left, right) => left.figure - right.figure)
    .find(({ requests }) => {
      seen += requests;
      return seen >= half;
    })?.figure;
}
