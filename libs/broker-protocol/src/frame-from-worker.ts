import { type Answer, readAnswer } from './answer.js';
import { readBinaryMessage } from './binary-message.js';
import { attachedBytes, type FrameBytes, inlineBytes } from './frame-bytes.js';
import { type JsonObject, parseJson, toObject } from './json-value.js';
import { liftBase64 } from './lifted-base64.js';
import { type ReportedMetrics, readMetrics } from './reported-metrics.js';
import { type ReportedRegistration, readRegistration } from './reported-registration.js';

/**
 * Everything that a worker's frame can be. A stranger wrote it: whatever it holds, reading it gives one
 * of these and never throws.
 */
export type FrameFromWorker =
  | Readonly<{ type: 'register'; requestId: string | null; registration: ReportedRegistration }>
  /** It wants an answer. `hardware` is as it came: it is merged into what is known. */
  | Readonly<{ type: 'heartbeat'; requestId: string | null; hardware: unknown }>
  | Readonly<{ type: 'heartbeat-answer'; hardware: unknown }>
  | Readonly<{ type: 'answer'; requestId: string; answer: Answer; metrics?: ReportedMetrics }>
  /** A request of a kind that workers have no business to send. It is not answered. */
  | Readonly<{ type: 'foreign-op' }>
  | Readonly<{ type: 'unreadable'; reason: UnreadableReason }>;

export type UnreadableReason =
  /** From a worker that has not said that it sends such messages. */
  | 'binary'
  | 'binary_malformed'
  | 'not_json'
  | 'not_an_object'
  | 'no_request_id'
  /** Large, while nothing was asked of the worker: not even looked into. */
  | 'unasked';

/** Longer than any id that we make. */
const requestIdLengthMax = 256;

/** From here on it is worth a look whether a frame is mostly base64. */
const largeFrameBytes = 65_536;

/** Reads a text frame. A large one is best given as it came, as bytes. */
export function readFrameFromWorker(frame: string | Buffer): FrameFromWorker {
  if (typeof frame === 'string') return readText(frame, inlineBytes);
  const lifted = frame.length > largeFrameBytes ? liftBase64(frame) : undefined;
  const read = lifted && readText(lifted.text, lifted.bytes);
  return read && lifted.isUsedUp() ? read : readText(frame.toString(), inlineBytes);
}

/** Reads a binary message, from a worker that has offered to send such. */
export function readBinaryFromWorker(data: Buffer): FrameFromWorker {
  const message = readBinaryMessage(data);
  return message
    ? readEnvelope(message.head, attachedBytes(message.attachments))
    : { type: 'unreadable', reason: 'binary_malformed' };
}

function readText(text: string, bytes: FrameBytes): FrameFromWorker {
  const parsed = parseJson(text);
  if (!parsed) return { type: 'unreadable', reason: 'not_json' };
  const frame = toObject(parsed.value);
  return frame ? readEnvelope(frame, bytes) : { type: 'unreadable', reason: 'not_an_object' };
}

function readEnvelope(frame: JsonObject, bytes: FrameBytes): FrameFromWorker {
  const requestId = requestIdOf(frame);
  if (frame.event === 'heartbeat') return { type: 'heartbeat-answer', hardware: hardwareOf(frame) };
  if (typeof frame.op === 'string' && isRequest(frame)) return readRequest(frame, requestId);
  if (requestId === null) return { type: 'unreadable', reason: 'no_request_id' };
  const metrics = readMetrics(frame);
  return {
    type: 'answer',
    requestId,
    answer: readAnswer(frame, bytes),
    ...(metrics && { metrics }),
  };
}

/** Answers may repeat the `op` that they answer, but only they have a status or an event. */
function isRequest(frame: JsonObject): boolean {
  return frame.status == null && frame.event == null;
}

function readRequest(frame: JsonObject, requestId: string | null): FrameFromWorker {
  if (frame.op === 'register') {
    return { type: 'register', requestId, registration: readRegistration(frame) };
  }
  if (frame.op === 'heartbeat') {
    return { type: 'heartbeat', requestId, hardware: hardwareOf(frame) };
  }
  return { type: 'foreign-op' };
}

function requestIdOf(frame: JsonObject): string | null {
  const id = frame.request_id;
  return typeof id === 'string' && id !== '' && id.length <= requestIdLengthMax ? id : null;
}

function hardwareOf(frame: JsonObject): unknown {
  return toObject(frame.payload)?.hardware;
}
