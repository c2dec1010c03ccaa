import { chatEndpoint, type EndpointName } from '@aisbf/contracts';

/**
 * What is remembered of one upstream (a hosted model, or one worker's session) that has failed of late: by one endpoint, or
 * for a reason that has nothing to do with endpoints.
 * One that has recovered is kept for a while with no failures, so that an older failure that arrives late
 * does not cool it again.
 */
export type Cooldown = Readonly<{
  /** Failures in a row; those of one outage count once. */
  failures: number;
  lastEndAtMs: number;
  /** Until then it is asked last. */
  untilMs: number;
  /**
   * How the latest attempts by the endpoint ended, the newest last: true is a success. The first of them was a failure. Absent
   * where none of them has failed.
   */
  recent?: readonly boolean[];
  /** Why it has failed last, in the word of whoever has met it. */
  reason?: string;
  /** Until then a request or a probe tries it out; see `standing.ts`. Of this replica alone. */
  trialUntilMs?: number;
}>;

export type CooldownSettings = Readonly<{
  /** The first failure's cooldown; each further one doubles it. */
  baseMs: number;
  maxMs: number;
  /** The longest `Retry-After` that is believed. */
  retryAfterMsMax: number;
  /** How many of the latest ends are remembered. */
  recentMax: number;
  /** After a rest of this length earlier ends say nothing any more. */
  recentRestMs: number;
}>;

/** How an attempt ended, as far as health is concerned. Times are the reporter's, so replicas agree. */
export type AttemptEnd = Readonly<{
  isSuccess: boolean;
  atMs: number;
  retryAfterMs: number | null;
  reason?: string | null;
}>;

/**
 * Names one upstream as it is asked by one endpoint. A session's errors say nothing of its provider's other machines, nor
 * those of one endpoint anything of the others.
 */
export function healthKey(
  providerId: string,
  model: string,
  sessionId: string | null,
  endpoint: EndpointName = chatEndpoint,
): string {
  return `${providerId}\n${sessionId ?? ''}\n${model}\n${endpoint}`;
}

/** Names the upstream itself, whatever it is asked by: no endpoint's name has a new line in it. */
export function upstreamKey(healthKey: string): string {
  return healthKey.slice(0, healthKey.lastIndexOf('\n'));
}

/** How an upstream is by one endpoint, from what is known of that endpoint and of the upstream itself: as the worse says. */
export function joinedHealth(
  byEndpoint: Cooldown | undefined,
  itself: Cooldown | undefined,
): Cooldown | undefined {
  if (!itself) return byEndpoint;
  const { recent: _, ...shared } = itself;
  if (!byEndpoint) return shared;
  const unwell = [byEndpoint, shared].filter(({ failures }) => failures > 0);
  const latest = unwell.toSorted((left, right) => right.untilMs - left.untilMs)[0];
  const trialsMs = unwell.map(({ trialUntilMs = 0 }) => trialUntilMs);
  return {
    ...byEndpoint,
    ...latest,
    failures: Math.max(byEndpoint.failures, shared.failures),
    untilMs: Math.max(byEndpoint.untilMs, shared.untilMs),
    // Ends are those of the endpoint, and so is when the latest of them was.
    lastEndAtMs: byEndpoint.lastEndAtMs,
    ...(byEndpoint.recent && { recent: byEndpoint.recent }),
    ...(latest && { trialUntilMs: Math.max(...trialsMs) }),
  };
}

/** Whose it is. */
export function providerOf(key: string): string {
  return key.slice(0, key.indexOf('\n'));
}

/**
 * What to remember after an attempt has ended: nothing of an upstream that has never failed. Failures within
 * a cooldown are of the same outage and do not lengthen it; the first one after it doubles it, unless it was
 * long ago. Whatever ends after the cooldown ends the trial; before it, one that a probe is to make stays.
 */
export function afterAttempt(
  known: Cooldown | undefined,
  end: AttemptEnd,
  settings: CooldownSettings,
): Cooldown | undefined {
  if (!known && end.isSuccess) return undefined;
  const recent = recentEnds(known, end, settings);
  if (known && end.atMs < known.lastEndAtMs) return { ...known, recent };
  const { atMs: lastEndAtMs } = end;
  if (end.isSuccess) return { failures: 0, lastEndAtMs, untilMs: lastEndAtMs, recent };
  const asked = Math.min(end.retryAfterMs ?? 0, settings.retryAfterMsMax);
  const last = { lastEndAtMs, recent, ...(end.reason && { reason: end.reason }) };
  if (known && lastEndAtMs < known.untilMs) {
    const { failures } = known;
    const untilMs = Math.max(known.untilMs, lastEndAtMs + asked);
    const { trialUntilMs } = known;
    return { ...last, failures, untilMs, ...(trialUntilMs !== undefined && { trialUntilMs }) };
  }
  const failures = failuresBefore(known, lastEndAtMs, settings) + 1;
  const doubledMs = Math.min(settings.baseMs * 2 ** Math.min(failures - 1, 30), settings.maxMs);
  return { ...last, failures, untilMs: lastEndAtMs + Math.max(doubledMs, asked) };
}

/** What to remember of an endpoint after an attempt by it has failed for the upstream's own reasons: it counts, and cools nothing here. */
export function afterSharedFailure(
  known: Cooldown | undefined,
  end: AttemptEnd,
  settings: CooldownSettings,
): Cooldown {
  const recent = recentEnds(known, end, settings);
  const { atMs } = end;
  if (!known) return { failures: 0, lastEndAtMs: atMs, untilMs: atMs, recent };
  return { ...known, lastEndAtMs: Math.max(known.lastEndAtMs, atMs), recent };
}

/** An answer that goes on well is a success already, as far as others need to know; how it ends is told then. */
export function whileAnswering(known: Cooldown | undefined, atMs: number): Cooldown | undefined {
  if (!known || known.failures === 0 || atMs < known.lastEndAtMs) return known;
  const { recent = [] } = known;
  return { failures: 0, lastEndAtMs: atMs, untilMs: atMs, recent };
}

/** An outage that ended longer ago than the longest cooldown has nothing to say of the next. */
function failuresBefore(
  known: Cooldown | undefined,
  nowMs: number,
  { maxMs }: CooldownSettings,
): number {
  return known && nowMs - known.untilMs <= maxMs ? known.failures : 0;
}

/** Also what is told late counts here: gateways do not take turns. */
function recentEnds(
  known: Cooldown | undefined,
  { atMs, isSuccess }: AttemptEnd,
  { recentMax, recentRestMs }: CooldownSettings,
): readonly boolean[] {
  const isFresh = known !== undefined && atMs - known.lastEndAtMs < recentRestMs;
  const earlier = isFresh ? (known.recent ?? []) : [];
  return [...earlier, isSuccess].slice(-recentMax);
}
