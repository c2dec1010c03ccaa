import type { HttpHead } from '@aisbf/broker-protocol';
import { filenameOf, textOr } from '../upstream/answer-body.js';
import type { UpstreamAnswer } from '../upstream/upstream.js';
import type { Reply } from './reply.js';

/** A read of the engine's answer fits into one, and few of them wait for each other. */
const pieceBytesMax = 65_536;
/** With its head this fits into the least message that any market takes. */
const pieceBytesLeast = 49_152;

/** Inside of JSON each quote of a text has to be escaped here and unescaped there; a short one is as cheap inside. */
const textBesideBytesMin = 16_384;

/**
 * Passes an answer on to a market that takes bytes in pieces, whether or not it has asked for a stream: few of them
 * at once, more of them as they come, so that they are never held whole.
 */
export async function relayBytes(
  answer: UpstreamAnswer,
  reply: Reply,
  heldBytesMax: number,
): Promise<void> {
  const filename = filenameOf(answer.headers);
  const head = {
    status_code: answer.status,
    headers: answer.headers,
    content_type: answer.contentType,
    ...(filename !== undefined && { filename }),
  };
  const held: Buffer[] = [];
  let heldBytes = 0;
  for await (const part of answer.body) {
    held.push(part);
    heldBytes += part.length;
    if (heldBytes <= heldBytesMax && reply.pieces === 0) continue;
    for (const bytes of held.splice(0)) await sendPieces(bytes, head, answer, reply);
  }
  if (reply.pieces > 0) return reply.done();
  const whole = Buffer.concat(held);
  const isBeside = whole.length >= textBesideBytesMin;
  reply.answer({ ...head, body: isBeside ? whole : textOr(whole, answer.contentType) });
}

async function sendPieces(
  bytes: Buffer,
  head: HttpHead,
  { contentLength }: UpstreamAnswer,
  reply: Reply,
): Promise<void> {
  const size = reply.frameBytesMax > 2 * pieceBytesMax ? pieceBytesMax : pieceBytesLeast;
  for (let from = 0; from < bytes.length; from += size) {
    const first = {
      ...head,
      ...(contentLength !== undefined && { content_length: contentLength }),
    };
    const piece = bytes.subarray(from, from + size);
    await reply.piece(piece, reply.pieces === 0 ? first : undefined);
  }
}
