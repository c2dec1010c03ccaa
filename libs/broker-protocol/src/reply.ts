import type { FrameBytes } from './frame-bytes.js';
import { type JsonObject, toInteger, toObject, toText, writeJson } from './json-value.js';
import { readError } from './reported-error.js';

/** A whole answer, as an HTTP server would have given it. */
export type Reply = Readonly<{
  status: number;
  contentType: string;
  body: Buffer;
  /** The body is the text of a whole stream of events. */
  isStream: boolean;
  filename: string | null;
  /** Which part of the whole it is, where it is one. */
  contentRange?: string;
  /** How long the worker asks to be left alone, as it said it. */
  retryAfter: string | null;
}>;

const json = 'application/json';
const events = 'text/event-stream';
const mediaType = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(?:\s*;[\x20-\x7e]*)?$/;

/** Reads a successful answer's payload: an HTTP envelope, or the body itself. Undefined if it is neither. */
export function readReply(payload: unknown, bytes: FrameBytes): Reply | undefined {
  const object = toObject(payload);
  if (object && 'status_code' in object) return fromEnvelope(object, bytes);
  const text = payload == null ? undefined : bodyText(payload);
  if (text === undefined) return undefined;
  const isError = object?.error != null && !('choices' in object) && !('data' in object);
  return {
    status: isError ? (readError(object.error).status ?? 502) : 200,
    contentType: json,
    body: Buffer.from(text),
    isStream: false,
    filename: null,
    retryAfter: null,
  };
}

/** A payload that is text must at least look like JSON: anything else has no type that we could state. */
function bodyText(payload: unknown): string | undefined {
  if (typeof payload !== 'string') return writeJson(payload);
  return /^\s*[[{]/.test(payload) ? payload : undefined;
}

function fromEnvelope(envelope: JsonObject, bytes: FrameBytes): Reply | undefined {
  const status = toInteger(envelope.status_code, 200, 599);
  const body = envelopeBody(envelope, bytes);
  if (status === undefined || !body) return undefined;
  const contentType = contentTypeOf(envelope);
  return {
    status,
    contentType,
    body,
    isStream: status < 400 && (envelope.stream === true || isEventStream(contentType)),
    filename: toText(envelope.filename, 255) ?? null,
    retryAfter: retryAfterOf(envelope),
    ...contentRangeOf(envelope),
  };
}

function envelopeBody(envelope: JsonObject, bytes: FrameBytes): Buffer | undefined {
  const { body, body_base64: base64, body_attachment: attached } = envelope;
  if (body == null && base64 != null) {
    return typeof base64 === 'string' ? bytes.fromBase64(base64) : undefined;
  }
  if (body == null && attached != null && bytes.isBinary) return bytes.attachment(attached);
  if (body == null) return Buffer.alloc(0);
  const text = typeof body === 'string' ? body : writeJson(body);
  return text === undefined ? undefined : Buffer.from(text);
}

export function isEventStream(contentType: string): boolean {
  return contentType.startsWith(events);
}

/** As it is stated, or what the body's form stands for. */
export function contentTypeOf(envelope: JsonObject): string {
  const stated = toText(envelope.content_type, 256) ?? header(envelope, 'content-type');
  if (stated !== undefined && mediaType.test(stated)) return stated;
  if (envelope.body == null) return 'application/octet-stream';
  if (typeof envelope.body !== 'string') return json;
  if (envelope.stream === true) return events;
  return /^\s*[[{]/.test(envelope.body) ? json : 'text/plain; charset=utf-8';
}

function retryAfterOf(envelope: JsonObject): string | null {
  const stated = header(envelope, 'retry-after');
  return stated !== undefined && /^\d{1,6}$/.test(stated) ? stated : null;
}

export function contentRangeOf(envelope: JsonObject): Readonly<{ contentRange?: string }> {
  const stated = header(envelope, 'content-range');
  const isRange = stated !== undefined && /^bytes \d{1,15}-\d{1,15}\/(?:\d{1,15}|\*)$/.test(stated);
  return isRange ? { contentRange: stated } : {};
}

function header(envelope: JsonObject, name: string): string | undefined {
  for (const [key, value] of Object.entries(toObject(envelope.headers) ?? {})) {
    if (key.toLowerCase() === name) return toText(value, 256);
  }
  return undefined;
}
