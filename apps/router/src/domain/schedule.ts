/** What somebody has set, to hold from a moment on until the next one begins. */
export type Change<Value> = Readonly<{
  id: string;
  value: Value;
  validFromMs: number;
  /** Never earlier than that of what was set before it. */
  setAtMs: number;
  /** The username; null is not known. */
  setBy: string | null;
}>;

/** A change as its history tells of it. */
export type PastChange<Value> = Change<Value> &
  Readonly<{ withdrawn: Readonly<{ atMs: number; by: string | null }> | null }>;

/**
 * What holds when. Ordered by the moments at which its changes begin; of those that begin at the same moment the
 * last one was set last, and holds. What was withdrawn is not in it.
 */
export type Schedule<Value> = readonly Change<Value>[];

/**
 * What is in force at a moment: of all that has begun, what began last. Exactly at its moment a change has begun.
 * Undefined before the first.
 */
export function inForceAt<Value>(
  schedule: Schedule<Value>,
  nowMs: number,
): Change<Value> | undefined {
  return schedule.findLast(({ validFromMs }) => validFromMs <= nowMs);
}

/** What has not begun yet, the next one first. */
export function aheadOf<Value>(schedule: Schedule<Value>, nowMs: number): Schedule<Value> {
  return schedule.filter(({ validFromMs }) => validFromMs > nowMs);
}
