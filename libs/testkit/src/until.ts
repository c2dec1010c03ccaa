import { setTimeout as pause } from 'node:timers/promises';

/** How often a condition is looked at: often enough not to be noticed, seldom enough to be cheap. */
const pollMs = 20;

/**
 * Waits until a condition holds and returns what it found; a test never sleeps for a fixed time. A condition
 * that throws does not hold yet, and what it threw last is the cause of the failure.
 */
export async function until<Found>(
  condition: () => Found | Promise<Found>,
  { timeoutMs = 10_000, message = condition.toString() } = {},
): Promise<Exclude<Found, false | null | undefined>> {
  const endMs = performance.now() + timeoutMs;
  let cause: unknown;
  for (;;) {
    try {
      const found = await condition();
      if (found !== false && found !== null && found !== undefined)
        return found as Exclude<Found, false | null | undefined>;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    if (performance.now() >= endMs)
      throw new Error(`Not so within ${timeoutMs} ms: ${message}`, { cause });
    await pause(pollMs);
  }
}
