import type { ProbeKind, ProbeOutcome } from '@aisbf/contracts';

/** What a probe says of whoever was asked. Reasons are counted and shown: add, never rename. */
export type ProbeVerdict = Readonly<{
  outcome: ProbeOutcome;
  reason:
    | null
    | 'unreachable'
    | 'egress_refused'
    | 'timeout'
    | 'rate_limited'
    | 'rejected_credentials'
    | 'model_missing'
    | 'server_error'
    | 'garbage'
    | 'empty'
    | 'error_in_answer'
    | 'cut'
    | 'worker_silent'
    | 'worker_busy'
    | 'warming_up'
    | 'session_gone'
    | 'request_refused'
    | 'unsupported';
}>;
type Reason = Exclude<ProbeVerdict['reason'], null>;

export const isWell: ProbeVerdict = { outcome: 'well', reason: null };

export function failed(reason: Reason): ProbeVerdict {
  return { outcome: 'failed', reason };
}

export function unclear(reason: Reason): ProbeVerdict {
  return { outcome: 'unclear', reason };
}

const gone = unclear('session_gone');
/** What is not here is our own trouble, or that the worker has as much to do as it takes. */
const verdictByBrokerFault: ReadonlyMap<string, ProbeVerdict> = new Map([
  ['SESSION_GONE', gone],
  ['SESSION_NOT_READY', gone],
  ['SESSION_SUSPECT', gone],
  ['SESSION_DRAINING', gone],
  ['WORKER_DISCONNECTED', gone],
  ['WORKER_BUSY', unclear('worker_busy')],
  ['WORKER_ENDPOINT_UNSUPPORTED', unclear('unsupported')],
  // A broker of before does not know of probes.
  ['ENDPOINT_UNKNOWN', unclear('unsupported')],
  ['WORKER_SILENT', failed('worker_silent')],
  ['WORKER_UNRESPONSIVE', failed('worker_silent')],
  ['WORKER_ANSWER_INVALID', failed('garbage')],
  ['WORKER_MODEL_MISSING', failed('model_missing')],
  ['WORKER_FAILED', failed('server_error')],
]);

/** Judges the head of an answer; undefined where the rest has to tell. */
export function headVerdict(
  kind: ProbeKind,
  status: number,
  brokerFault: string | undefined,
): ProbeVerdict | undefined {
  if (brokerFault !== undefined) {
    return verdictByBrokerFault.get(brokerFault) ?? unclear('request_refused');
  }
  if (status >= 200 && status < 300) return undefined;
  if (status === 401 || status === 402 || status === 403) return failed('rejected_credentials');
  if (status === 408 || status === 504) return failed('timeout');
  return kind === 'models' ? ofList(status) : ofCompletion(status);
}

/** Many serve completions and no list, and a limit that the list has met is not that of completions. */
function ofList(status: number): ProbeVerdict {
  if (status === 404 || status === 405 || status === 501) return unclear('unsupported');
  if (status === 429) return unclear('rate_limited');
  return isRefusal(status) ? unclear('request_refused') : failed('server_error');
}

/** Who has no such model answers like who has one that does not chat. */
function ofCompletion(status: number): ProbeVerdict {
  if (status === 404) return unclear('model_missing');
  if (status === 429) return failed('rate_limited');
  return isRefusal(status) ? unclear('request_refused') : failed('server_error');
}

/** Of the request itself: others may fare better. */
function isRefusal(status: number): boolean {
  return status >= 400 && status < 500;
}

/** Failures before any model has to do with it. Where the list is there again, so is all that failed for these. */
const doorReasons: ReadonlySet<string> = new Set([
  'unreachable',
  'egress_refused',
  'rejected_credentials',
] satisfies Reason[]);
const listPrefix = 'list_';

export function isAtTheDoor(reason: string | undefined): boolean {
  return reason !== undefined && (doorReasons.has(reason) || reason.startsWith(listPrefix));
}

/** Failures of the machine that was asked. */
const machineReasons: ReadonlySet<string> = new Set([
  'session_gone',
  'worker_silent',
] satisfies Reason[]);

/**
 * Whether a failure would have been met by any other endpoint too: nobody was reached, nobody was let in, or the account has
 * been told to wait. All others are kept for the endpoint that has met them: many serve chat and nothing else.
 */
export function isOfUpstream({
  reason,
  retryAfterMs,
}: Readonly<{ reason?: string | null; retryAfterMs: number | null }>): boolean {
  if (reason == null) return false;
  if (reason === 'rate_limited') return retryAfterMs !== null;
  return machineReasons.has(reason) || isAtTheDoor(reason);
}

/**
 * Why all models of a provider count as failed whose list has. Told apart from a failure of their own, so that the list is
 * what is asked for again, and not each of the models.
 */
export function reasonByList(reason: string): string {
  return doorReasons.has(reason) ? reason : `${listPrefix}${reason}`;
}
