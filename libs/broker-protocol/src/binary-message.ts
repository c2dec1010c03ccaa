import { isUtf8 } from 'node:buffer';
import { type JsonObject, parseJson, toObject } from './json-value.js';

/**
 * A frame whose bytes travel beside its JSON, as one binary WebSocket message:
 *
 *     4 bytes: length of the head, big-endian | head: JSON with `attachments: [n1, n2, …]` | n1 bytes | n2 bytes | …
 *
 * The head is the envelope as ever; where that would hold base64 it holds the number of an attachment.
 */
export type BinaryMessage = Readonly<{
  head: JsonObject;
  headText: string;
  /** Parts of the message itself, not copies. */
  attachments: readonly Buffer[];
}>;

/** Parsed at once, like any small frame: whatever is longer than this belongs into an attachment. */
export const headBytesMax = 1_048_576;
/** As many as a form may have parts; everything else has one. */
export const attachmentsMax = 256;
const lengthBytes = 4;

/** Undefined where the message is not exactly of that form. */
export function readBinaryMessage(message: Buffer): BinaryMessage | undefined {
  if (message.length < lengthBytes) return undefined;
  const headLength = message.readUInt32BE(0);
  const headEnd = lengthBytes + headLength;
  if (headLength > headBytesMax || headEnd > message.length) return undefined;
  const headBytes = message.subarray(lengthBytes, headEnd);
  if (!isUtf8(headBytes)) return undefined;
  const headText = headBytes.toString();
  const head = toObject(parseJson(headText)?.value);
  const attachments = head && cut(message.subarray(headEnd), head.attachments);
  return head && attachments && { head, headText, attachments };
}

/** Whether a head of this length can have these attachments at all. */
export function fitsBinaryMessage(headLength: number, attachments: number): boolean {
  return headLength <= headBytesMax && attachments <= attachmentsMax;
}

/** What follows each other in a message. The head must name the attachments' lengths; they are not copied. */
export function binaryParts(head: string, attachments: readonly Buffer[]): readonly Buffer[] {
  const headLength = Buffer.byteLength(head);
  const opening = Buffer.allocUnsafe(lengthBytes + headLength);
  opening.writeUInt32BE(headLength, 0);
  opening.write(head, lengthBytes);
  return [opening, ...attachments];
}

/** The same in one piece. */
export function binaryMessage(head: string, attachments: readonly Buffer[]): Buffer {
  return Buffer.concat(binaryParts(head, attachments));
}

/** Their lengths must add up to what is there, to the byte. */
function cut(rest: Buffer, lengths: unknown): readonly Buffer[] | undefined {
  if (!Array.isArray(lengths) || lengths.length > attachmentsMax) return undefined;
  const attachments: Buffer[] = [];
  let at = 0;
  for (const length of lengths as readonly unknown[]) {
    if (!isLength(length) || length > rest.length - at) return undefined;
    attachments.push(rest.subarray(at, at + length));
    at += length;
  }
  return at === rest.length ? attachments : undefined;
}

function isLength(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0;
}
