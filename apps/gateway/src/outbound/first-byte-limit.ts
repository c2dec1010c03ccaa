import { DeadlinePassed } from '../services/upstream.js';

/**
 * undici looks at its clock twice a second, so that what it is given to watch may last a second longer. That is much of
 * a short limit and nothing of a long one.
 */
const shortMsMax = 10_000;

/** What a call is ended by, and whom to tell that its answer has begun. */
export type FirstByteLimit = Readonly<{ signal: AbortSignal; heard: () => void }>;

/** Watches a short limit to the millisecond, beside the signal that a call has anyhow. */
export function firstByteLimit(signal: AbortSignal, firstByteMs: number): FirstByteLimit {
  if (firstByteMs > shortMsMax) return { signal, heard: () => undefined };
  const passed = new AbortController();
  const timer = setTimeout(() => passed.abort(new DeadlinePassed()), firstByteMs);
  return {
    signal: AbortSignal.any([signal, passed.signal]),
    heard: () => clearTimeout(timer),
  };
}
