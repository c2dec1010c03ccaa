import type { WorkHead, WorkPayload } from '@aisbf/broker-protocol';

/** One request as its caller gives it. */
export type CallRequest = Readonly<{
  /** The caller's id; what the worker sees is made from it and is used once. */
  requestId: string;
  op: WorkHead['op'];
  method: string;
  path: string;
  payload: WorkPayload;
  isStream: boolean;
  /** Whoever it is for, by an opaque name: the worker never sees it. */
  buyer: string;
  /** The model it is about, where that is known and counts. */
  model: string | undefined;
  /** There is nobody else to try, so the worker is waited for as long as it may yet answer. */
  isLastCandidate: boolean;
  /** Nobody waits for it: it takes what room there is, and queues for none. */
  givesWay?: boolean;
}>;
