import { type AnswerHead, readAnswerHead } from './answer-head.js';
import { type Chunk, readChunks } from './chunk.js';
import type { FrameBytes } from './frame-bytes.js';
import { type JsonObject, toInteger, toObject } from './json-value.js';
import { type Reply, readReply } from './reply.js';
import { type ReportedError, readError } from './reported-error.js';

/** What a worker says about one request, whichever of the dialects it says it in. */
export type Answer =
  /** It is at work; nothing is known yet. */
  | Readonly<{ type: 'pending' }>
  | Readonly<{
      type: 'chunks';
      chunks: readonly Chunk[];
      sequence: number | null;
      /** Of an answer that comes in pieces only because it is large. */
      head?: AnswerHead;
    }>
  /** The stream's last word. `reply` is there where the whole answer came with it. */
  | Readonly<{ type: 'end'; chunks: readonly Chunk[]; reply: Reply | null }>
  | Readonly<{ type: 'reply'; reply: Reply }>
  | Readonly<{ type: 'error'; error: ReportedError }>
  /** It belongs to the request but cannot be used: that request fails, and no other. */
  | Readonly<{ type: 'malformed'; reason: string }>;

const pieceEvents: ReadonlySet<unknown> = new Set([
  'chunk',
  'progress',
  'output',
  'log',
  'data',
  'stream',
]);
const endEvents: ReadonlySet<unknown> = new Set(['done', 'completed', 'stream_end']);

export function readAnswer(frame: JsonObject, bytes: FrameBytes): Answer {
  const { event, status, payload } = frame;
  if (status === 'error' || (status === undefined && frame.error != null)) {
    return { type: 'error', error: readError(frame.error, frame) };
  }
  if (event === 'pending' || status === 'pending') return { type: 'pending' };
  if (pieceEvents.has(event)) return pieces(payload, bytes);
  if (endEvents.has(event)) return end(payload, bytes);
  if (event != null) return malformed(`unknown event ${String(event).slice(0, 64)}`);
  const reply = readReply(payload, bytes);
  return reply ? { type: 'reply', reply } : malformed('the payload is no answer');
}

function pieces(payload: unknown, bytes: FrameBytes): Answer {
  const chunks = readChunks(payload, bytes);
  if (!chunks) return malformed('a chunk of an unknown form');
  const object = toObject(payload);
  const hasHead = bytes.isBinary && object !== undefined && 'status_code' in object;
  const head = hasHead ? readAnswerHead(object) : undefined;
  if (hasHead && !head) return malformed('the head of an answer that cannot be used');
  const stated = object?.sequence;
  const sequence = stated == null ? null : toInteger(stated, 0, Number.MAX_SAFE_INTEGER);
  return sequence === undefined
    ? malformed('a chunk with an unusable number')
    : { type: 'chunks', chunks, sequence, ...(head && { head }) };
}

function end(payload: unknown, bytes: FrameBytes): Answer {
  const object = toObject(payload);
  if (object && ('status_code' in object || 'choices' in object)) {
    const reply = readReply(object, bytes);
    return reply ? { type: 'end', chunks: [], reply } : malformed('the payload is no answer');
  }
  const chunks = readChunks(payload, bytes);
  return chunks ? { type: 'end', chunks, reply: null } : malformed('a chunk of an unknown form');
}

function malformed(reason: string): Answer {
  return { type: 'malformed', reason };
}
