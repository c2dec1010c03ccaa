/**
 * What is remembered of one upstream (a hosted model, or one worker's session) that has failed of late.
 * One that has recovered is kept for a while with no failures, so that an older failure that arrives late
 * does not cool it again.
 */
export type Cooldown = Readonly<{
  /** Failures in a row; those of one outage count once. */
  failures: number;
  lastEndAtMs: number;
  /** Until then it is asked last. */
  untilMs: number;
}>;

export type CooldownSettings = Readonly<{
  /** The first failure's cooldown; each further one doubles it. */
  baseMs: number;
  maxMs: number;
  /** The longest `Retry-After` that is believed. */
  retryAfterMsMax: number;
}>;

/** How an attempt ended, as far as health is concerned. Times are the reporter's, so replicas agree. */
export type AttemptEnd = Readonly<{
  isSuccess: boolean;
  atMs: number;
  retryAfterMs: number | null;
}>;

/** Names one upstream. A session's errors say nothing of its provider's other machines. */
export function healthKey(providerId: string, model: string, sessionId: string | null): string {
  return `${providerId}\n${sessionId ?? ''}\n${model}`;
}

/**
 * What to remember after an attempt has ended: nothing of an upstream that has never failed. Failures within
 * a cooldown are of the same outage and do not lengthen it; the first one after it doubles it, unless it was
 * long ago.
 */
export function afterAttempt(
  known: Cooldown | undefined,
  end: AttemptEnd,
  settings: CooldownSettings,
): Cooldown | undefined {
  if (known && end.atMs < known.lastEndAtMs) return known;
  if (end.isSuccess) return known && { failures: 0, lastEndAtMs: end.atMs, untilMs: end.atMs };
  const asked = Math.min(end.retryAfterMs ?? 0, settings.retryAfterMsMax);
  if (known && end.atMs < known.untilMs) {
    return { ...known, lastEndAtMs: end.atMs, untilMs: Math.max(known.untilMs, end.atMs + asked) };
  }
  const failures = failuresBefore(known, end.atMs, settings) + 1;
  const doubledMs = Math.min(settings.baseMs * 2 ** Math.min(failures - 1, 30), settings.maxMs);
  return { failures, lastEndAtMs: end.atMs, untilMs: end.atMs + Math.max(doubledMs, asked) };
}

/** An outage that ended longer ago than the longest cooldown has nothing to say of the next. */
function failuresBefore(
  known: Cooldown | undefined,
  nowMs: number,
  { maxMs }: CooldownSettings,
): number {
  return known && nowMs - known.untilMs <= maxMs ? known.failures : 0;
}
