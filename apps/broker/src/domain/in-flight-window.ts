/**
 * How many requests a worker that names no number is given at once, learned from what it refuses. It falls by
 * a quarter where the worker says that it is busy, and rises by one after it has served four full rounds.
 */
export type InFlightWindow = Readonly<{
  limit: number;
  /** Served while as many were at the worker as it is given, since the limit last changed. */
  servedFull: number;
  /** When the limit last fell: requests sent before it belong to the same crowd. */
  fellAtMs: number;
}>;

const roundsToRise = 4;

export function openWindow(limitMax: number): InFlightWindow {
  return { limit: limitMax, servedFull: 0, fellAtMs: Number.NEGATIVE_INFINITY };
}

/** The worker has refused a request because it has too many; `inFlight` counts that one too. */
export function onBusy(
  window: InFlightWindow,
  call: Readonly<{ begunAtMs: number; inFlight: number }>,
  nowMs: number,
): InFlightWindow {
  if (call.begunAtMs <= window.fellAtMs) return window;
  const tried = Math.min(window.limit, call.inFlight);
  return { limit: Math.max(1, Math.floor(tried * 0.75)), servedFull: 0, fellAtMs: nowMs };
}

/** The worker has served one; `inFlight` counts that one too. */
export function onServed(
  window: InFlightWindow,
  inFlight: number,
  limitMax: number,
): InFlightWindow {
  if (window.limit >= limitMax || inFlight < window.limit) return window;
  const servedFull = window.servedFull + 1;
  if (servedFull < window.limit * roundsToRise) return { ...window, servedFull };
  return { ...window, limit: window.limit + 1, servedFull: 0 };
}
