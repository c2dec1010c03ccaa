/** The headers by which an upstream says when it wants to be asked again; each of them is a guess at a custom. */
export type RetryHeaders = Readonly<{
  /** Seconds, or a date (RFC 9110). */
  retryAfter?: string | undefined;
  /** Milliseconds; finer, and so believed first. */
  retryAfterMs?: string | undefined;
  /** When the limit that was met begins anew: in seconds, as `1m30s`, or at a time. */
  rateLimitReset?: string | undefined;
  /** What of that limit is left: `0` where it is the one that was met. Absent says nothing. */
  rateLimitRemaining?: string | undefined;
  rateLimitResetRequests?: string | undefined;
  rateLimitRemainingRequests?: string | undefined;
  rateLimitResetTokens?: string | undefined;
  rateLimitRemainingTokens?: string | undefined;
}>;

/** Longer than anybody means: a day. */
const waitMsMax = 86_400_000;
const decimal = /^\d{1,15}(?:\.\d{1,15})?$/;
/** `6m0s`, `1h2m3.5s`, `120ms`. */
const span =
  /^(?:(\d{1,6})h)?(?:(\d{1,6})m(?!s))?(?:(\d{1,9}(?:\.\d{1,9})?)s)?(?:(\d{1,9}(?:\.\d{1,9})?)ms)?$/;
/** The three forms of a date in HTTP; the first is the one that is written today. */
const dates = [
  /^\w{3}, \d{2} \w{3} \d{4} \d{2}:\d{2}:\d{2} GMT$/,
  /^\w{6,9}, \d{2}-\w{3}-\d{2} \d{2}:\d{2}:\d{2} GMT$/,
  /^\w{3} \w{3} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}$/,
];
const isoDate = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/;

/**
 * How long the upstream wants to be left alone, in milliseconds; null where it does not say, or nothing that makes sense.
 * When a limit begins anew counts only where it is a limit that was met: `isRateLimited`.
 */
export function retryAfterMs(
  headers: RetryHeaders,
  nowMs: number,
  isRateLimited: boolean,
): number | null {
  const said =
    fromMilliseconds(headers.retryAfterMs) ??
    fromSeconds(headers.retryAfter) ??
    fromDate(headers.retryAfter, nowMs);
  if (said !== null || !isRateLimited) return said;
  const { rateLimitReset, rateLimitRemaining } = headers;
  const resets = [
    [headers.rateLimitResetRequests, headers.rateLimitRemainingRequests ?? ''],
    [headers.rateLimitResetTokens, headers.rateLimitRemainingTokens ?? ''],
    // Of one limit alone it need not be said which one was met.
    [rateLimitReset, rateLimitRemaining ?? '0'],
  ] as const;
  const met = resets
    .filter(([, remaining]) => Number(remaining || Number.NaN) <= 0)
    .flatMap(([reset]) => fromReset(reset, nowMs) ?? []);
  return met.length > 0 ? Math.max(...met) : null;
}

function fromMilliseconds(text: string | undefined): number | null {
  return text !== undefined && decimal.test(text) ? bounded(Number(text)) : null;
}

function fromSeconds(text: string | undefined): number | null {
  return text !== undefined && decimal.test(text) ? bounded(Number(text) * 1_000) : null;
}

function fromDate(text: string | undefined, nowMs: number): number | null {
  if (text === undefined || !dates.some((form) => form.test(text))) return null;
  // Of the three forms one leaves out that it means GMT.
  const atMs = Date.parse(text.endsWith('GMT') ? text : `${text} GMT`);
  return ahead(atMs, nowMs);
}

/** A number may be seconds, or a time since 1970 in seconds or milliseconds: their sizes tell them apart. */
function fromReset(text: string | undefined, nowMs: number): number | null {
  if (text === undefined) return null;
  if (isoDate.test(text)) return ahead(Date.parse(text), nowMs);
  if (!decimal.test(text)) return fromSpan(text);
  const number = Number(text);
  if (number >= 1e12) return ahead(number, nowMs);
  if (number >= 1e9) return ahead(number * 1_000, nowMs);
  return number * 1_000 <= waitMsMax ? bounded(number * 1_000) : null;
}

function fromSpan(text: string): number | null {
  const parts = span.exec(text);
  if (!parts || text === '') return null;
  const [hours, minutes, seconds, ms] = parts.slice(1).map((part) => Number(part ?? 0));
  return bounded(
    (hours ?? 0) * 3_600_000 + (minutes ?? 0) * 60_000 + (seconds ?? 0) * 1_000 + (ms ?? 0),
  );
}

function ahead(atMs: number, nowMs: number): number | null {
  return Number.isFinite(atMs) && atMs >= nowMs ? bounded(atMs - nowMs) : null;
}

/** Rounded up: a moment too early is refused again. */
function bounded(ms: number): number {
  return Math.min(Math.ceil(ms), waitMsMax);
}
