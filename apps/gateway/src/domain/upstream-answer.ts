/** Why an attempt failed, in words that are counted, shown on receipts and learned from. */
export type AttemptFailure =
  | 'unreachable'
  /** It lies where no hosted provider may be called; nothing was sent. */
  | 'egress_refused'
  /** It sent us on to somewhere else, and nobody is followed: there the credential and the prompt would go too. */
  | 'redirected'
  | 'timeout'
  | 'rate_limited'
  | 'rejected_credentials'
  | 'model_missing'
  | 'server_error'
  | 'garbage'
  | 'empty'
  | 'error_in_answer'
  | 'cut'
  | 'too_large'
  | 'session_gone'
  | 'worker_silent'
  | 'worker_busy'
  | 'request_too_large'
  /** It serves the path, and has nothing under this address of it: no such job, or it does not do that. */
  | 'nothing_there';

/** What the head of an upstream's answer means for the attempt. */
export type HeadVerdict =
  | Readonly<{ kind: 'go_on' }>
  | Readonly<{ kind: 'failed'; failure: AttemptFailure }>
  /** The request itself is at fault: nobody else would take it either. */
  | Readonly<{ kind: 'refused' }>;

const failureByBrokerFault: Readonly<Record<string, AttemptFailure>> = {
  SESSION_GONE: 'session_gone',
  SESSION_NOT_READY: 'session_gone',
  SESSION_SUSPECT: 'session_gone',
  SESSION_DRAINING: 'session_gone',
  WORKER_DISCONNECTED: 'session_gone',
  WORKER_SILENT: 'worker_silent',
  WORKER_UNRESPONSIVE: 'worker_silent',
  WORKER_BUSY: 'worker_busy',
  WORKER_ANSWER_INVALID: 'garbage',
  WORKER_MODEL_MISSING: 'model_missing',
  WORKER_ENDPOINT_UNSUPPORTED: 'model_missing',
  PAYLOAD_TOO_LARGE_FOR_WORKER: 'request_too_large',
};

/**
 * Failures that say nothing of the upstream's health: it has as much work as it takes, or the request is
 * not for it. Asking it last for a while would punish a seller for being in demand.
 */
const blameless: ReadonlySet<string> = new Set([
  'worker_busy',
  'request_too_large',
  'nothing_there',
] satisfies AttemptFailure[]);

/** Failures after which another attempt adds to nobody's work: whoever failed has not begun any. */
const workless: ReadonlySet<string> = new Set([...blameless, 'session_gone', 'egress_refused']);

export function isWorkless(reason: string): boolean {
  return workless.has(reason);
}

export function isBlameless(reason: string): boolean {
  return blameless.has(reason);
}

/** At an address of an upstream's own: it has none, had one, takes no such method, does not do that. */
const nothingThere: ReadonlySet<number> = new Set([404, 405, 410, 501]);

/**
 * Judges status and, where the broker itself refused, the code of its fault. `isOwnAddress`: what was asked is a path of the
 * upstream's own, where that it has nothing says nothing of its model.
 */
export function judgeHead(
  status: number,
  brokerFault: string | undefined,
  isOwnAddress = false,
): HeadVerdict {
  const isRefusedThere = brokerFault === undefined && nothingThere.has(status);
  if (isOwnAddress && (isRefusedThere || brokerFault === 'WORKER_ENDPOINT_UNSUPPORTED')) {
    return failed('nothing_there');
  }
  if (brokerFault !== undefined) {
    return failed(failureByBrokerFault[brokerFault] ?? 'server_error');
  }
  // 101: a WebSocket was asked for, and is open.
  if (status === 101 || (status >= 200 && status < 300)) return { kind: 'go_on' };
  return verdictByStatus.get(status) ?? verdictOfClass(status);
}

const failed = (failure: AttemptFailure): HeadVerdict => ({ kind: 'failed', failure });

const verdictByStatus: ReadonlyMap<number, HeadVerdict> = new Map([
  [401, failed('rejected_credentials')],
  [402, failed('rejected_credentials')],
  [403, failed('rejected_credentials')],
  [404, failed('model_missing')],
  [408, failed('timeout')],
  [429, failed('rate_limited')],
  [504, failed('timeout')],
]);

function verdictOfClass(status: number): HeadVerdict {
  if (status >= 300 && status < 400) return failed('redirected');
  return status >= 400 && status < 500 ? { kind: 'refused' } : failed('server_error');
}
