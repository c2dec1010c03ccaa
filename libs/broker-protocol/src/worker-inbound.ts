import { readBinaryMessage } from './binary-message.js';
import { memberText } from './worker-json-member.js';

/**
 * What a broker may say to a worker, told apart.
 *
 * - `registered`: the session is accepted; comes first, and again as the answer to every `register`
 * - `rejected`: the session, or one of the worker's own messages, was refused
 * - `heartbeat`: the broker wants a sign of life
 * - `acknowledged`: an answer to something that the worker sent; nothing is to be done
 * - `cancel`: nobody waits for that request any more
 * - `window`: so many bytes of that request's stream have been read, since its beginning
 * - `drain`: this broker leaves within `graceMs`; connect anew at once, finish here what runs here
 * - `work`: a request for the engine
 * - `unreadable`: none of the above; a fault of the broker, which must not end the session
 */
export type BrokerFrame =
  | Readonly<{
      kind: 'registered';
      sessionId: string;
      extensions: ReadonlySet<string>;
      /** The largest message that the broker takes; undefined where it does not say. */
      frameBytesMax: number | undefined;
      /** How much of one stream may be under way unread; undefined where it does not say. */
      streamWindowBytes: number | undefined;
    }>
  | Readonly<{ kind: 'rejected'; code: string; message: string }>
  | Readonly<{ kind: 'heartbeat'; requestId: string }>
  | Readonly<{ kind: 'acknowledged' }>
  | Readonly<{ kind: 'cancel'; requestId: string }>
  | Readonly<{ kind: 'window'; requestId: string; readBytes: number }>
  | Readonly<{ kind: 'drain'; requestId: string; graceMs: number | undefined }>
  | WorkFrame
  | Readonly<{ kind: 'unreadable'; reason: string }>;

export type WorkFrame = Readonly<{
  kind: 'work';
  requestId: string;
  op: string;
  isStream: boolean;
  payload: Readonly<Record<string, unknown>>;
  /** The payload as it was written, to be passed on without a change. */
  payloadText: string;
  /** The bytes that came beside it, in a binary message. */
  attachments: readonly Buffer[];
}>;

type Envelope = Readonly<Record<string, unknown>>;

/** Reads one text frame from a broker. Never throws: the other end is somebody else's program. */
export function readBrokerFrame(text: string): BrokerFrame {
  let envelope: unknown;
  try {
    envelope = JSON.parse(text);
  } catch {
    return { kind: 'unreadable', reason: 'not JSON' };
  }
  if (!isRecord(envelope)) return { kind: 'unreadable', reason: 'not an object' };
  return readEnvelope({ text, envelope, attachments: [] });
}

/** Reads a binary message, of a broker that has offered to send such. */
export function readBinaryBrokerFrame(data: Buffer): BrokerFrame {
  const message = readBinaryMessage(data);
  if (!message) return { kind: 'unreadable', reason: 'not a binary message of the known form' };
  const { headText: text, head: envelope, attachments } = message;
  return readEnvelope({ text, envelope, attachments });
}

type Reading = Readonly<{ text: string; envelope: Envelope; attachments: readonly Buffer[] }>;

function readEnvelope(reading: Reading): BrokerFrame {
  const { op } = reading.envelope;
  return typeof op === 'string' ? readRequest(reading, op) : readAnswer(reading.envelope);
}

function readRequest({ text, envelope, attachments }: Reading, op: string): BrokerFrame {
  const requestId = envelope.request_id;
  if (typeof requestId !== 'string' || requestId === '') {
    return { kind: 'unreadable', reason: `${op} without a request_id` };
  }
  if (op === 'heartbeat') return { kind: 'heartbeat', requestId };
  if (op === 'cancel') return { kind: 'cancel', requestId };
  const payload = envelope.payload ?? {};
  if (op === 'drain') return { kind: 'drain', requestId, graceMs: graceOf(payload) };
  if (op === 'window') return readWindow(requestId, payload);
  if (!isRecord(payload)) return { kind: 'unreadable', reason: `${op} with an unusable payload` };
  const isStream = payload.stream === true || envelope.stream === true;
  const payloadText = envelope.payload == null ? '{}' : (memberText(text, 'payload') ?? '{}');
  return { kind: 'work', requestId, op, isStream, payload, payloadText, attachments };
}

function readWindow(requestId: string, payload: unknown): BrokerFrame {
  const stated = isRecord(payload) ? payload.read_bytes : undefined;
  const readBytes = figureOf(stated, 0, Number.MAX_SAFE_INTEGER);
  return readBytes === undefined
    ? { kind: 'unreadable', reason: 'window without a usable figure' }
    : { kind: 'window', requestId, readBytes };
}

function readAnswer(envelope: Envelope): BrokerFrame {
  if (envelope.status === 'error' || envelope.accepted === false) return readRejection(envelope);
  if (envelope.event === 'registered') {
    const sessionId = envelope.session_id;
    return typeof sessionId === 'string' && sessionId !== ''
      ? {
          kind: 'registered',
          sessionId,
          extensions: readExtensions(envelope.extensions),
          frameBytesMax: limitOf(envelope.limits, 'max_frame_bytes', frameBytesLeast),
          streamWindowBytes: limitOf(envelope.limits, 'stream_window_bytes', 1),
        }
      : { kind: 'unreadable', reason: 'registered without a session_id' };
  }
  if (envelope.status === 'ok' || envelope.event === 'heartbeat') return { kind: 'acknowledged' };
  return { kind: 'unreadable', reason: 'neither an op nor a known answer' };
}

/** The error is a text with its code beside it, or an object that holds both. */
function readRejection(envelope: Envelope): BrokerFrame {
  const error = envelope.error;
  const holder = isRecord(error) ? error : envelope;
  const message = typeof error === 'string' ? error : holder.message;
  return {
    kind: 'rejected',
    code: typeof holder.code === 'string' ? holder.code : 'rejected',
    message: typeof message === 'string' ? message : 'registration rejected',
  };
}

/** Nobody drains for longer than a day; such a figure counts as not given. */
const graceMsMax = 86_400_000;

function graceOf(payload: unknown): number | undefined {
  return isRecord(payload) ? figureOf(payload.grace_ms, 0, graceMsMax) : undefined;
}

/** Every broker takes a message of this size: it is the least that any library does by default. */
const frameBytesLeast = 65_536;

function limitOf(limits: unknown, name: string, least: number): number | undefined {
  return isRecord(limits) ? figureOf(limits[name], least, Number.MAX_SAFE_INTEGER) : undefined;
}

function figureOf(value: unknown, min: number, max: number): number | undefined {
  const isFigure = typeof value === 'number' && Number.isInteger(value);
  return isFigure && value >= min && value <= max ? value : undefined;
}

/** Extensions come as a list of names, or as an object whose keys are the names. */
function readExtensions(value: unknown): ReadonlySet<string> {
  if (Array.isArray(value)) return new Set(value.filter((name) => typeof name === 'string'));
  if (!isRecord(value)) return new Set();
  return new Set(Object.keys(value).filter((name) => Boolean(value[name])));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
