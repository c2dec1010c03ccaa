import type { HttpHead } from '@aisbf/broker-protocol';
import { filenameOf } from '../upstream/answer-body.js';
import type { UpstreamAnswer } from '../upstream/upstream.js';
import type { Reply } from './reply.js';

/** With its head it fits into the least message that any market takes. */
const pieceBytesMax = 49_152;

/**
 * Passes bytes on to a market that takes them in pieces, whether or not it has asked for a stream: few of them
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
  if (reply.pieces > 0) reply.done();
  else reply.answer({ ...head, body: Buffer.concat(held) });
}

async function sendPieces(
  bytes: Buffer,
  head: HttpHead,
  { contentLength }: UpstreamAnswer,
  reply: Reply,
): Promise<void> {
  for (let from = 0; from < bytes.length; from += pieceBytesMax) {
    const first = {
      ...head,
      ...(contentLength !== undefined && { content_length: contentLength }),
    };
    const piece = bytes.subarray(from, from + pieceBytesMax);
    await reply.piece(piece, reply.pieces === 0 ? first : undefined);
  }
}
