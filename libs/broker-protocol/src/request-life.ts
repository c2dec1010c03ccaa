import type { Answer } from './answer.js';
import type { AnswerHead } from './answer-head.js';
import type { Chunk } from './chunk.js';
import { toBytes } from './chunk-bytes.js';
import { isEventStream, type Reply } from './reply.js';
import { openBody, type StatedBody, takeBody } from './stated-body.js';
import { inspectHead, type StreamHead } from './stream-head.js';
import { endOf, passOn, type StreamTail, streamStart } from './stream-tail.js';

/**
 * The life of one request at its worker.
 *
 * - `dispatched`: it was sent, the worker has said nothing about it
 * - `pending`: the worker has said that it is at work
 * - `opening`: a stream has begun, but its first event is not complete and may yet be an error
 * - `streaming`: bytes have been passed on; from here on nothing can be taken back
 * - `relaying`: the same for an answer in pieces whose head has been passed on; what it holds is nobody's business
 * - `done`: it has ended one way or another; whatever still comes is dropped
 */
export type RequestLife =
  | Readonly<{ name: 'dispatched' }>
  | Readonly<{ name: 'pending' }>
  | Readonly<{ name: 'opening'; held: Buffer; carry: string; sequence: number | null }>
  | Readonly<{
      name: 'streaming';
      /** Null where the bytes are no events, so that nothing is known of their end. */
      tail: StreamTail | null;
      carry: string;
      sequence: number | null;
    }>
  | Readonly<{ name: 'relaying'; body: StatedBody; sequence: number | null }>
  | Readonly<{ name: 'done' }>;

/** What the buyer's side is to be told, in this order. */
export type Relay =
  /** All of it at once: status, headers, body. */
  | Readonly<{ type: 'whole'; reply: Reply }>
  | Readonly<{ type: 'stream-start'; contentType: string; head?: AnswerHead }>
  | Readonly<{ type: 'bytes'; bytes: Buffer }>
  | Readonly<{ type: 'stream-end' }>
  | Readonly<{ type: 'failed'; failure: WorkerFailure }>;

/** Why a request failed by what its worker said, or did not say. */
export type WorkerFailure = Readonly<{
  reason: 'worker_error' | 'answer_malformed' | 'sequence_broken' | 'stream_empty' | 'stream_cut';
  /** The worker's own code and words, or ours where it had none. */
  code: string;
  message: string;
}>;

export type RequestStep = Readonly<{ life: RequestLife; relay: readonly Relay[] }>;

/** Whatever status comes with them, they say that another worker has to be asked. */
const unserved: ReadonlySet<string> = new Set(['unsupported_endpoint', 'unsupported_operation']);

const done: RequestLife = { name: 'done' };
const events = 'text/event-stream';

/** Decides what an answer means for its request. */
export function stepRequest(life: RequestLife, answer: Answer): RequestStep {
  if (life.name === 'done') return { life, relay: [] };
  switch (answer.type) {
    case 'pending':
      return { life: life.name === 'dispatched' ? { name: 'pending' } : life, relay: [] };
    case 'chunks':
      return onPieces(life, answer);
    case 'end':
      return onEnd(life, answer.chunks, answer.reply);
    case 'reply':
      return onReply(life, answer.reply);
    case 'error':
      return onError(life, answer);
    case 'malformed':
      return failed('answer_malformed', answer.reason);
  }
}

function onPieces(life: RequestLife, answer: Extract<Answer, { type: 'chunks' }>): RequestStep {
  const { chunks, sequence, head } = answer;
  // What says that it is a stream of events is treated as every other.
  if (!head || isEventStream(head.contentType)) return onChunks(life, chunks, sequence);
  if (life.name !== 'dispatched' && life.name !== 'pending') {
    return failed('answer_malformed', 'the head of an answer came in the middle of it');
  }
  const begun = { name: 'relaying', body: openBody(head.contentLength), sequence } as const;
  const step = relayOn(begun, chunks);
  if (step.life.name === 'done') return step;
  const start = { type: 'stream-start', contentType: head.contentType, head } as const;
  return { ...step, relay: [start, ...step.relay] };
}

function onChunks(life: RequestLife, chunks: readonly Chunk[], stated: number | null): RequestStep {
  const known = 'sequence' in life ? life.sequence : null;
  if (stated !== null && known !== null && stated !== known + 1) {
    return failed('sequence_broken', `chunk ${stated} came after chunk ${known}`);
  }
  const sequence = stated ?? known;
  if (life.name === 'relaying') return relayOn({ ...life, sequence }, chunks);
  const { bytes, carry } = toBytes('carry' in life ? life.carry : '', chunks);
  if (life.name === 'streaming') return goOn({ ...life, carry, sequence }, bytes);
  const held = life.name === 'opening' ? Buffer.concat([life.held, bytes]) : bytes;
  return open({ name: 'opening', held, carry, sequence }, inspectHead(held, false));
}

function relayOn(
  life: Extract<RequestLife, { name: 'relaying' }>,
  chunks: readonly Chunk[],
): RequestStep {
  const { body, passed } = takeBody(life.body, toBytes('', chunks).bytes);
  if (body) return { life: { ...life, body }, relay: bytesOf(passed) };
  return failed('answer_malformed', 'the answer is longer than its head says');
}

function goOn(life: Extract<RequestLife, { name: 'streaming' }>, bytes: Buffer): RequestStep {
  if (!life.tail) return { life, relay: bytesOf(bytes) };
  const [tail, passed] = passOn(life.tail, bytes);
  return { life: { ...life, tail }, relay: bytesOf(passed) };
}

function open(life: Extract<RequestLife, { name: 'opening' }>, head: StreamHead): RequestStep {
  const { held, carry, sequence } = life;
  switch (head.type) {
    case 'undecided':
      return { life, relay: [] };
    case 'error':
      return ended([{ type: 'whole', reply: jsonReply(head.status, head.body) }]);
    case 'opaque':
      return {
        life: { name: 'streaming', tail: null, carry, sequence },
        relay: [{ type: 'stream-start', contentType: head.contentType }, ...bytesOf(held)],
      };
    case 'events': {
      const step = goOn({ name: 'streaming', tail: streamStart, carry, sequence }, held);
      return { ...step, relay: [{ type: 'stream-start', contentType: events }, ...step.relay] };
    }
  }
}

function onEnd(life: RequestLife, chunks: readonly Chunk[], reply: Reply | null): RequestStep {
  if (reply) return onReply(life, reply);
  const last = onChunks(life, chunks, null);
  if (last.life.name === 'relaying') return endBody(last.life.body, last.relay);
  if (last.life.name === 'streaming') return close(last.life.tail, last.relay);
  if (last.life.name !== 'opening') return last;
  const opened = open(last.life, inspectHead(last.life.held, true));
  if (opened.life.name === 'opening') return failed('stream_empty', 'the stream held nothing');
  if (opened.life.name === 'streaming') return close(opened.life.tail, opened.relay);
  return opened;
}

function close(tail: StreamTail | null, before: readonly Relay[]): RequestStep {
  const closing = tail ? endOf(tail) : Buffer.alloc(0);
  if (closing) return ended([...before, ...bytesOf(closing), { type: 'stream-end' }]);
  const { life, relay } = failed('stream_cut', 'the stream ended in the middle');
  return { life, relay: [...before, ...relay] };
}

function endBody({ leftBytes, heldBack }: StatedBody, before: readonly Relay[]): RequestStep {
  if (!leftBytes) return ended([...before, ...bytesOf(heldBack), { type: 'stream-end' }]);
  const { life, relay } = failed('stream_cut', `${leftBytes} bytes of the answer are missing`);
  return { life, relay: [...before, ...relay] };
}

function onReply(life: RequestLife, reply: Reply): RequestStep {
  if (isUnderWay(life)) {
    return failed('answer_malformed', 'a whole answer came in the middle of a stream');
  }
  if (!reply.isStream) return ended([{ type: 'whole', reply }]);
  return onEnd(life, [{ type: 'bytes', bytes: reply.body }], null);
}

function onError(life: RequestLife, { error }: Extract<Answer, { type: 'error' }>): RequestStep {
  const isBegun = life.name === 'streaming' || life.name === 'relaying';
  if (isBegun || error.status === null || unserved.has(error.code)) {
    return failed('worker_error', error.message, error.code);
  }
  const { code, message, status } = error;
  const body = Buffer.from(JSON.stringify({ error: { message, type: code, code, param: null } }));
  return ended([{ type: 'whole', reply: jsonReply(status, body) }]);
}

function isUnderWay({ name }: RequestLife): boolean {
  return name === 'opening' || name === 'streaming' || name === 'relaying';
}

function jsonReply(status: number, body: Buffer): Reply {
  return {
    status,
    contentType: 'application/json',
    body,
    isStream: false,
    filename: null,
    retryAfter: null,
  };
}

function bytesOf(bytes: Buffer): readonly Relay[] {
  return bytes.length > 0 ? [{ type: 'bytes', bytes }] : [];
}

function ended(relay: readonly Relay[]): RequestStep {
  return { life: done, relay };
}

function failed(
  reason: WorkerFailure['reason'],
  message: string,
  code: string = reason,
): RequestStep {
  return ended([{ type: 'failed', failure: { reason, code, message } }]);
}
