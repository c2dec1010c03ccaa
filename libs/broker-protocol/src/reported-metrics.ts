import { type JsonObject, toObject } from './json-value.js';

/** What a worker says of how fast it was. Its own word: shown to its owner, never decided by. */
export type ReportedMetrics = Readonly<{
  elapsedMs: number | null;
  tokensPerSecond: number | null;
}>;

/** A day: beyond it the figure means nothing. */
const elapsedMsMax = 86_400_000;
const tokensPerSecondMax = 1_000_000;

/** Undefined where the frame says nothing of the kind. */
export function readMetrics(frame: JsonObject): ReportedMetrics | undefined {
  const metrics = toObject(frame.metrics);
  const payload = toObject(frame.payload);
  const elapsed = metrics?.elapsed_ms ?? payload?.latency_ms;
  const rate = metrics?.tokens_per_second ?? payload?.tokens_per_second;
  const elapsedMs = figureOf(elapsed, elapsedMsMax);
  const tokensPerSecond = figureOf(rate, tokensPerSecondMax);
  return elapsedMs === null && tokensPerSecond === null
    ? undefined
    : { elapsedMs, tokensPerSecond };
}

function figureOf(value: unknown, max: number): number | null {
  return typeof value === 'number' && value >= 0 && value <= max ? value : null;
}
