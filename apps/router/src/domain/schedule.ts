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

/** From its first moment on, up to and without its last. */
export type Span = Readonly<{ fromMs: number; untilMs: number }>;

export const always: Span = {
  fromMs: Number.NEGATIVE_INFINITY,
  untilMs: Number.POSITIVE_INFINITY,
};

/** How long before and after a moment the same is in force. */
export function spanAt(schedule: Schedule<unknown>, nowMs: number): Span {
  let { fromMs, untilMs } = always;
  for (const { validFromMs } of schedule) {
    if (validFromMs <= nowMs) fromMs = Math.max(fromMs, validFromMs);
    else untilMs = Math.min(untilMs, validFromMs);
  }
  return { fromMs, untilMs };
}

export function isWithin({ fromMs, untilMs }: Span, nowMs: number): boolean {
  return fromMs <= nowMs && nowMs < untilMs;
}

/** What lies within both. */
export function common(one: Span, other: Span): Span {
  return {
    fromMs: Math.max(one.fromMs, other.fromMs),
    untilMs: Math.min(one.untilMs, other.untilMs),
  };
}
