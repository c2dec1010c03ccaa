/**
 * Why a session ended, or never began.
 *
 * - `refused`: the market answered the upgrade with an HTTP status
 * - `rejected`: it accepted the socket and then refused the registration
 * - `unreachable`: no connection came about
 * - `unanswered`: the registration met no answer in time
 * - `silent`: the connection stopped giving signs of life
 * - `closed`: the market closed it, or the network did (code 1006)
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
  | Readonly<{ kind: 'closed'; code: number; reason: string }>
  | Readonly<{ kind: 'left' }>;

export type RetryLimits = Readonly<{ msMin: number; msMax: number }>;

/** A broker that is full needs more than a second. */
const overloadedHeadStart = 3;

/**
 * How long to wait before the next attempt. Refusals that only a person can mend are tried again slowly;
 * the rest doubles from the shortest pause to the longest, with full jitter, so that a thousand workers
 * that lost the same broker do not come back in the same instant.
 */
export function retryDelayMs(
  ending: SessionEnding,
  failures: number,
  random: number,
  { msMin, msMax }: RetryLimits,
): number {
  if (needsPerson(ending)) return Math.round(msMax * (0.5 + random / 2));
  if (ending.kind === 'closed' && ending.code === 1001) return Math.round(msMin * random);
  const headStart = ending.kind === 'closed' && ending.code === 1013 ? overloadedHeadStart : 0;
  const ceiling = Math.min(msMax, msMin * 2 ** Math.min(failures + headStart, 30));
  const delayMs = Math.round(ceiling * random);
  if (ending.kind !== 'refused') return delayMs;
  // However long a market asks us to wait, an hour is enough to find out whether it still means it.
  return Math.max(delayMs, Math.min(ending.retryAfterMs ?? 0, 3_600_000));
}

function needsPerson(ending: SessionEnding): boolean {
  if (ending.kind === 'rejected') return true;
  if (ending.kind === 'refused') return [400, 401, 403, 404].includes(ending.httpStatus);
  return ending.kind === 'closed' && [1008, 4001, 4003].includes(ending.code);
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
        next: adviceByCloseCode[ending.code],
      };
    case 'left':
      return { sentence: 'left the market', reason: 'stopped', next: undefined };
  }
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
  1008: checkIdentity,
  1009: 'a message was larger than this side or the market takes',
  4001: 'another worker has connected with the same client id: stop it, or give each its own --client-id',
  4003: 'the provider was disabled or its token changed: enable it, or start again with the new token',
};
