/**
 * What kind of failure a fault is. The kind decides everything mechanical (HTTP status, whether a retry
 * helps, how loudly to log); the code is for people and clients.
 */
export type FaultKind =
  | 'invalid'
  | 'unauthenticated'
  | 'exhausted'
  | 'forbidden'
  | 'missing'
  | 'conflict'
  | 'oversized'
  | 'unprocessable'
  | 'throttled'
  | 'unsupported'
  | 'upstream'
  | 'unavailable'
  | 'timeout';

/** The HTTP status each kind is told with, at every door. */
export const httpStatusByKind = {
  invalid: 400,
  unauthenticated: 401,
  exhausted: 402,
  forbidden: 403,
  missing: 404,
  conflict: 409,
  oversized: 413,
  unprocessable: 422,
  throttled: 429,
  unsupported: 501,
  upstream: 502,
  unavailable: 503,
  timeout: 504,
} as const satisfies Record<FaultKind, number>;

const retryableKinds: ReadonlySet<FaultKind> = new Set([
  'throttled',
  'upstream',
  'unavailable',
  'timeout',
]);

/** Whether the same request may succeed if it is simply sent again. */
export function isRetryable(kind: FaultKind): boolean {
  return retryableKinds.has(kind);
}

/** Facts that help a client act on the fault. Never secrets, addresses or causes. */
export type FaultDetails = Readonly<Record<string, string | number | boolean | null>>;

/** A fault as it crosses a process: data, rebuilt on the other side. */
export type FaultData = Readonly<{
  code: string;
  kind: FaultKind;
  message: string;
  details: FaultDetails;
}>;

/** An expected failure. Anything else that is thrown is a bug. */
export class Fault extends Error {
  readonly code: string;
  readonly kind: FaultKind;
  readonly details: FaultDetails;

  constructor(data: FaultData, options?: ErrorOptions) {
    super(data.message, options);
    this.name = 'Fault';
    this.code = data.code;
    this.kind = data.kind;
    this.details = data.details;
  }

  toData(): FaultData {
    return {
      code: this.code,
      kind: this.kind,
      message: this.message,
      details: this.details,
    };
  }
}

/** Makes one fault; `cause` is kept for the log and never leaves the process. */
export type FaultMaker = (details?: FaultDetails, options?: ErrorOptions) => Fault;

/**
 * Declares every way an app can refuse. The keys are part of the public API: add, never rename.
 */
export function defineFaults<Code extends string>(
  catalogue: Readonly<Record<Code, readonly [kind: FaultKind, message: string]>>,
): Readonly<Record<Code, FaultMaker>> {
  const makers = {} as Record<Code, FaultMaker>;
  for (const code of Object.keys(catalogue) as Code[]) {
    const [kind, message] = catalogue[code];
    makers[code] = (details = {}, options) => new Fault({ code, kind, message, details }, options);
  }
  return makers;
}
