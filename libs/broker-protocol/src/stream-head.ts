import { parseJson, toObject } from './json-value.js';
import { readError } from './reported-error.js';

/**
 * What a stream turns out to be, by its first bytes. Workers lose the HTTP status of their engine when they
 * stream, so an engine's refusal arrives as the first piece of a "stream".
 */
export type StreamHead =
  /** Too little is known; with the stream at its end, nothing has come at all. */
  | Readonly<{ type: 'undecided' }>
  | Readonly<{ type: 'events' }>
  /** Not a stream but a refusal, with the status that its words stand for. */
  | Readonly<{ type: 'error'; status: number; body: Buffer }>
  /** Bytes of another kind, to be passed on as they are. */
  | Readonly<{ type: 'opaque'; contentType: string }>;

/** The largest beginning that is waited for: no engine's first event or refusal is longer. */
const headBytesMax = 65_536;
const undecided: StreamHead = { type: 'undecided' };
const eventFields = ['data:', 'event:', 'id:', 'retry:', ':'];

export function inspectHead(bytes: Buffer, isEnded: boolean): StreamHead {
  const text = bytes.toString('utf8', 0, headBytesMax).replace(/^[\uFEFF\s]+/, '');
  if (text === '') return undecided;
  const isFull = isEnded || bytes.length >= headBytesMax;
  if (text.startsWith('{') || text.startsWith('[')) return inspectJson(text, isFull);
  if (eventFields.some((field) => text.startsWith(field))) return inspectEvents(text, isFull);
  const mayBeField = eventFields.some((field) => field.startsWith(text));
  return mayBeField && !isFull ? undecided : opaque('application/octet-stream');
}

function inspectJson(text: string, isFull: boolean): StreamHead {
  if (!isFull) return undecided;
  return errorHead(text) ?? opaque('application/json');
}

/** The first line with data decides; comments and other fields may stand before it. */
function inspectEvents(text: string, isFull: boolean): StreamHead {
  const lines = text.split('\n');
  const complete = isFull ? lines : lines.slice(0, -1);
  const data = complete.find((line) => line.startsWith('data:'));
  if (data === undefined) return isFull ? { type: 'events' } : undecided;
  return errorHead(data.slice('data:'.length)) ?? { type: 'events' };
}

function errorHead(json: string): StreamHead | undefined {
  const object = toObject(parseJson(json)?.value);
  if (object?.error == null || 'choices' in object) return undefined;
  const status = readError(object.error).status ?? 502;
  return { type: 'error', status, body: Buffer.from(json.trim()) };
}

function opaque(contentType: string): StreamHead {
  return { type: 'opaque', contentType };
}
