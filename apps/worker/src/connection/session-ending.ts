/**
 * Why a session ended, or never began.
 *
 * - `refused`: the market answered the upgrade with an HTTP status
 * - `rejected`: it accepted the socket and then refused the registration
 * - `unreachable`: no connection came about
 * - `unanswered`: the registration met no answer in time
 * - `silent`: the connection stopped giving signs of life
 * - `closed`: the market closed it, or the network did (code 1006), before or after it was accepted
 * - `left`: this worker closed it, having finished
 */
export type SessionEnding =
  | Readonly<{
      kind: 'refused';
      httpStatus: number;
      message: string;
      retryAfterMs: number | undefined;
    }>
  | Readonly<{ kind: 'rejected'; code: string; message: string }>
  | Readonly<{ kind: 'unreachable'; reason: string }>
  | Readonly<{ kind: 'unanswered' }>
  | Readonly<{ kind: 'silent' }>
  | Readonly<{ kind: 'closed'; code: number; reason: string; wasAccepted: boolean }>
  | Readonly<{ kind: 'left' }>;

export type RetryLimits = Readonly<{ msMin: number; msMax: number }>;

/** What has happened before this ending: failures in a row, and how often another took our place. */
export type RetryHistory = Readonly<{ failures: number; takeovers: number }>;

/** A market that is full, or that cannot read us, needs more than a second. */
const headStart = 3;
/** Two machines that fight over a name give way ever longer, to ten times the longest pause. */
const takeoverGrowthMax = 10;

/**
 * How long to wait before the next attempt, by what the ending means:
 *
 * - only a person can help (refusals, 4003, 1008 before it was accepted): slowly, forever
 * - 4001, another with our name has come: long, and longer each time, since coming back throws it out
 * - 1001, the broker moves: now
 * - 1013 and 1007: later, never at once
 * - all else (1009 too, for what was too large is not sent again): doubled from the shortest pause to the
 *   longest, with full jitter, so that a thousand workers which lost the same broker do not come at once
 */
export function retryDelayMs(
  ending: SessionEnding,
  { failures, takeovers }: RetryHistory,
  random: number,
  { msMin, msMax }: RetryLimits,
): number {
  const code = ending.kind === 'closed' ? ending.code : undefined;
  const half = (ms: number): number => Math.round(ms * (0.5 + random / 2));
  if (code === 4001) return half(msMax * Math.min(takeoverGrowthMax, 2 ** takeovers));
  if (needsPerson(ending)) return half(msMax);
  if (code === 1001) return Math.round(msMin * random);
  const doubled = (times: number): number => Math.min(msMax, msMin * 2 ** Math.min(times, 30));
  if (code === 1013 || code === 1007) return half(doubled(failures + headStart));
  const delayMs = Math.round(doubled(failures) * random);
  if (ending.kind !== 'refused') return delayMs;
  // However long a market asks us to wait, an hour is enough to find out whether it still means it.
  return Math.max(delayMs, Math.min(ending.retryAfterMs ?? 0, 3_600_000));
}

function needsPerson(ending: SessionEnding): boolean {
  if (ending.kind === 'rejected') return true;
  if (ending.kind === 'refused') return [400, 401, 403, 404].includes(ending.httpStatus);
  if (ending.kind !== 'closed') return false;
  // Once accepted, 1008 only says that we were silent for too long.
  return ending.code === 4003 || (ending.code === 1008 && !ending.wasAccepted);
}

export type EndingReport = Readonly<{ sentence: string; reason: string; next: string | undefined }>;

/** What to tell the seller: what happened in the market's own words, and what to do about it. */
export function reportEnding(ending: SessionEnding): EndingReport {
  switch (ending.kind) {
    case 'refused':
      return {
        sentence: `market refused the connection with HTTP ${ending.httpStatus}`,
        reason: ending.message,
        next: adviceByStatus[ending.httpStatus],
      };
    case 'rejected':
      return {
        sentence: 'market rejected the registration',
        reason: `${ending.code}: ${ending.message}`,
        next: checkIdentity,
      };
    case 'unreachable':
      return {
        sentence: 'market cannot be reached',
        reason: ending.reason,
        next: 'check --market and the network',
      };
    case 'unanswered':
      return { sentence: 'market did not answer in time', reason: 'no answer', next: undefined };
    case 'silent':
      return { sentence: 'connection fell silent', reason: 'no sign of life', next: undefined };
    case 'closed':
      return {
        sentence: 'connection closed',
        reason: `${ending.code} ${ending.reason}`.trim(),
        next: adviceAfterClose(ending.code, ending.wasAccepted),
      };
    case 'left':
      return { sentence: 'left the market', reason: 'stopped', next: undefined };
  }
}

function adviceAfterClose(code: number, wasAccepted: boolean): string | undefined {
  if (code !== 1008) return adviceByCloseCode[code];
  return wasAccepted
    ? 'the market heard nothing for too long: look at the network and the load of this machine'
    : checkIdentity;
}

const checkIdentity =
  "compare --username, --provider, --client-id and the registration token with the provider's page; its event log names the reason";

const adviceByStatus: Readonly<Record<number, string>> = {
  401: checkIdentity,
  403: checkIdentity,
  404: 'nothing answers there: check --market, with the path under which the market is served',
  429: 'too many attempts: it is tried again later by itself',
};

const adviceByCloseCode: Readonly<Record<number, string>> = {
  1007: 'the market cannot read this worker: is the newest version installed?',
  1009: 'the market takes no message of that size: this worker sends smaller ones from now on',
  1013: 'the market is overloaded: it is tried again later by itself',
  4001: 'another worker has connected with the same client id: stop it, or give each its own --client-id',
  4003: 'the provider was disabled or its token changed: enable it, or put the new token in place',
};
