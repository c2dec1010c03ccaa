import { binaryParts } from './binary-message.js';
import type { AttachedPayload, WorkPayload } from './work-payload.js';

/**
 * What the broker says. Today's client throws away a frame that has `event: registered` or
 * `event: heartbeat` and no `op`, and takes any other frame that it does not know for work to do: so our
 * answers have no `op`, and nothing is ever sent that is not listed here.
 */

export type RegisteredFacts = Readonly<{
  sessionId: string;
  providerName: string;
  clientId: string;
  username: string;
  ownerId: string;
  expiresAtMs: number;
  extensions: readonly string[];
  /** How much of one stream a worker with flow control may send before it was read. */
  streamWindowBytes: number;
}>;

/** Says that a session is accepted: unasked after the handshake, and as the answer to each `register`. */
export function registeredFrame(facts: RegisteredFacts, requestId: string | null = null): string {
  return JSON.stringify({
    v: 1,
    event: 'registered',
    ...(requestId !== null && { request_id: requestId }),
    ...registeredBody(facts),
    session_id: facts.sessionId,
  });
}

/** The same facts where there is no socket and so no session. */
export function registeredBody(facts: Omit<RegisteredFacts, 'sessionId'>) {
  return {
    status: 'ok',
    accepted: true,
    provider_id: facts.providerName,
    client_id: facts.clientId,
    username: facts.username,
    scope_name: facts.username,
    owner_user_id: facts.ownerId,
    expires_at: Math.floor(facts.expiresAtMs / 1000),
    extensions: facts.extensions,
    limits: { stream_window_bytes: facts.streamWindowBytes },
  };
}

export function registerRefusedFrame(requestId: string | null): string {
  return JSON.stringify({
    v: 1,
    event: 'registered',
    ...(requestId !== null && { request_id: requestId }),
    status: 'error',
    accepted: false,
    error: { code: 'registration_rejected', message: 'registration rejected' },
  });
}

export function heartbeatReplyFrame(requestId: string | null, nowMs: number): string {
  return JSON.stringify({
    v: 1,
    event: 'heartbeat',
    status: 'ok',
    ...(requestId !== null && { request_id: requestId }),
    payload: { ts: Math.floor(nowMs / 1000) },
  });
}

export function heartbeatRequestFrame(requestId: string): string {
  return JSON.stringify({ v: 1, op: 'heartbeat', request_id: requestId, payload: {} });
}

/** Only for workers that advertise the operation. */
export function cancelFrame(requestId: string): string {
  return JSON.stringify({ v: 1, op: 'cancel', request_id: requestId });
}

/**
 * Only for workers that advertise the extension: so much of this request's stream has been read. It is told
 * from the beginning on, so that a frame that is lost or said twice does no harm.
 */
export function windowFrame(requestId: string, readBytes: number): string {
  const payload = { read_bytes: readBytes };
  return JSON.stringify({ v: 1, op: 'window', request_id: requestId, payload });
}

/** Only for workers that advertise the operation: connect elsewhere now, finish here what runs here. */
export function drainFrame(requestId: string, graceMs: number): string {
  const payload = { grace_ms: graceMs };
  return JSON.stringify({ v: 1, op: 'drain', request_id: requestId, payload });
}

export type WorkHead = Readonly<{
  op: 'chat.completions' | 'models.list' | 'capabilities' | 'proxy';
  requestId: string;
  providerName: string;
  clientId: string;
  method: string;
  path: string;
  isStream: boolean;
}>;

/**
 * A request as it goes out. The payload is JSON text already and is put in as it is, so that every field of
 * it reaches the worker untouched, numbers of any length among them.
 */
export function workFrame(head: WorkHead, payload: WorkPayload): Buffer {
  const opening = Buffer.from(`${openEnvelope(head)},"payload":`);
  const frame = Buffer.allocUnsafe(opening.length + payload.length + 1);
  opening.copy(frame);
  frame[payload.write(frame, opening.length)] = closingBrace;
  return frame;
}

/** The same as the parts of a binary message, only for workers that advertise the extension. */
export function binaryWorkFrame(
  head: WorkHead,
  { text, attachments }: AttachedPayload,
): readonly Buffer[] {
  const lengths = attachments.map(({ length }) => length).join();
  const envelope = `${openEnvelope(head)},"attachments":[${lengths}],"payload":${text}}`;
  return binaryParts(envelope, attachments);
}

/** Everything before the payload, without the brace that closes it. */
function openEnvelope(head: WorkHead): string {
  return JSON.stringify({
    v: 1,
    op: head.op,
    request_id: head.requestId,
    provider_id: head.providerName,
    client_id: head.clientId,
    method: head.method,
    path: head.path,
    stream: head.isStream,
  }).slice(0, -1);
}

const closingBrace = 0x7d;
