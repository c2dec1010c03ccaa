import type { Candidate, Deadlines } from '@aisbf/contracts';
import type { RetryHeaders } from '../domain/retry-after.js';
import type { AttemptFailure } from '../domain/upstream-answer.js';
import type { UpstreamBody } from '../domain/upstream-body.js';
import type { Frames } from './frames.js';

export type UpstreamRequest = Readonly<{
  candidate: Candidate;
  method: 'GET' | 'POST' | 'DELETE';
  /** After the API's base, as `/chat/completions`. */
  path: string;
  body: UpstreamBody | undefined;
  /** What its API wants in headers of its own. */
  headers?: Readonly<Record<string, string>>;
  /** In which forms an answer is taken. */
  accept: string;
  /** Which part of a file is wanted. */
  range?: string;
  isStream: boolean;
  requestId: string;
  /** Nobody is left to try after this one, so that a slow answer is worth waiting for. */
  isLast: boolean;
  /** Nobody waits for it: a worker without room refuses it at once. */
  givesWay?: boolean;
  deadlines: Deadlines;
  /** Whose request it is, without saying who: for fairness only. */
  buyerMark: string;
  /** Aborted with `DeadlinePassed` where time is up, with anything else where nobody waits any more. */
  signal: AbortSignal;
}>;

export type UpstreamAnswer = Readonly<{
  status: number;
  contentType: string;
  /** Of a file: how long this part of it is, and which. */
  contentLength?: string;
  contentRange?: string;
  /** What it is called, as the header says it. */
  disposition?: string;
  /** When the upstream wants to be asked again. */
  retry: RetryHeaders;
  /** The code of the broker's own fault, where it was the broker that refused. */
  brokerFault: string | undefined;
  /** Reading slowly makes the upstream wait. */
  body: AsyncIterable<Uint8Array>;
  /**
   * Nothing more of the body is wanted; must be called in the end. What little is left is read and dropped,
   * so that the connection can serve again; more than that ends it.
   */
  dismiss: () => void;
  /** Whoever makes the answer should stop at once. */
  cancel: () => void;
  /** Where a WebSocket was asked for, and is open. */
  frames?: Frames;
}>;

/** Why a request is ended that has taken as long as it may, however busy its upstream is. */
export class DeadlinePassed extends Error {
  override readonly name = 'DeadlinePassed';
}

/** Another one's answer to the same request has begun: this one is for nobody. */
export class Outrun extends Error {
  override readonly name = 'Outrun';
}

const brokenWords = {
  timeout: 'the upstream stopped answering',
  unreachable: 'the upstream cannot be reached',
  egress_refused: 'the upstream is where nobody may be called',
} as const satisfies Partial<Record<AttemptFailure, string>>;

/** Nothing came, or it stopped coming. */
export class UpstreamBroken extends Error {
  constructor(
    readonly failure: keyof typeof brokenWords,
    options?: ErrorOptions,
  ) {
    super(brokenWords[failure], options);
    this.name = 'UpstreamBroken';
  }

  get isTimeout(): boolean {
    return this.failure === 'timeout';
  }
}

/** Whoever serves sessions: the answer to a request is a WebSocket, or why there is none. */
export abstract class SessionUpstream {
  /** Throws UpstreamBroken. */
  abstract send(request: UpstreamRequest): Promise<UpstreamAnswer>;
}

/** Whoever may serve: a hosted API and a worker behind a broker look the same from here. */
export abstract class Upstream {
  /** Resolves with the head of the answer. Throws UpstreamBroken. */
  abstract send(request: UpstreamRequest): Promise<UpstreamAnswer>;
}
