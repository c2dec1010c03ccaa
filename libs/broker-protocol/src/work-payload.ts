import { fitsBinaryMessage } from './binary-message.js';

/**
 * The payload of a request, written once, straight into the frame that carries it. Its length is known
 * before, so that a frame that is too large for its worker is refused without being made.
 */
export type WorkPayload = Readonly<{
  /** In bytes. */
  length: number;
  /** Writes it at `at`, where there is room for it, and gives the place after it. */
  write: (frame: Buffer, at: number) => number;
  /** The same for a binary message; undefined where there is nothing that had better stand beside its JSON. */
  attached?: AttachedPayload | undefined;
}>;

/** A payload whose bytes stand beside its JSON, as they are. */
export type AttachedPayload = Readonly<{
  /** Of the text and the bytes together. */
  length: number;
  text: string;
  attachments: readonly Buffer[];
}>;

/** JSON text, put in as it came. */
export function jsonPayload(text: Buffer): WorkPayload {
  return { length: text.length, write: (frame, at) => at + text.copy(frame, at) };
}

/** What a `proxy` request says beside its body. */
export type ProxyHead = Readonly<{
  /** As `/v1/images/generations`. */
  path: string;
  method: string;
  headers: Readonly<Record<string, string>>;
  query: Readonly<Record<string, string | readonly string[]>>;
  isStream: boolean;
  contentType: string | undefined;
}>;

export type FormPart = Readonly<{
  name: string;
  /** Undefined where the part is a field and no file. */
  filename: string | undefined;
  contentType: string | undefined;
  bytes: Buffer;
}>;

/** In exactly one form, or none: clients look for `body` first, and would lose an upload beside it. */
export type ProxyBody =
  | Readonly<{ type: 'none' }>
  | Readonly<{ type: 'json'; text: Buffer }>
  | Readonly<{ type: 'bytes'; bytes: Buffer }>
  | Readonly<{ type: 'form'; parts: readonly FormPart[] }>;

/** A piece of the payload: JSON text, or a member whose value are bytes in one form or the other. */
type Piece = string | Buffer | Member;
type Member = Readonly<{
  member: 'body' | 'data';
  bytes: Buffer;
  /** They are JSON, and stand in a text frame as that. */
  isJson?: boolean;
}>;

/** From here on JSON goes beside the head, where whoever gets it need not parse it; a short one is as cheap inside. */
const jsonBesideBytesMin = 16_384;
/** A piece as it stands in a text frame: text, or bytes that become base64. */
type TextPiece = Buffer | Readonly<{ base64: Buffer }>;

export function proxyPayload(head: ProxyHead, body: ProxyBody): WorkPayload {
  const opening = JSON.stringify({
    endpoint_path: head.path.slice(1),
    method: head.method,
    headers: head.headers,
    query_params: head.query,
    stream: head.isStream,
    ...(head.contentType !== undefined && { content_type: head.contentType }),
  }).slice(0, -1);
  const pieces = [opening, ...bodyPieces(body), '}'];
  const textPieces = pieces.flatMap(toTextPieces);
  return {
    length: textPieces.reduce((sum, piece) => sum + lengthOf(piece), 0),
    write: (frame, at) => textPieces.reduce((place, piece) => writePiece(frame, place, piece), at),
    attached: toAttached(pieces),
  };
}

function toTextPieces(piece: Piece): readonly TextPiece[] {
  if (typeof piece === 'string') return [Buffer.from(piece)];
  if (Buffer.isBuffer(piece)) return [piece];
  if (piece.isJson) return [Buffer.from(`"${piece.member}":`), piece.bytes];
  return [Buffer.from(`"${piece.member}_base64":"`), { base64: piece.bytes }, Buffer.from('"')];
}

/** Room that the envelope takes in a head. */
const envelopeLengthMax = 4_096;

function toAttached(pieces: readonly Piece[]): AttachedPayload | undefined {
  const attachments: Buffer[] = [];
  const texts = pieces.map((piece) => {
    if (typeof piece === 'string' || Buffer.isBuffer(piece)) return piece;
    attachments.push(piece.bytes);
    return `"${piece.member}_attachment":${attachments.length - 1}`;
  });
  if (attachments.length === 0) return undefined;
  const text = texts.join('');
  const textLength = Buffer.byteLength(text);
  if (!fitsBinaryMessage(textLength + envelopeLengthMax, attachments.length)) return undefined;
  const length = attachments.reduce((sum, bytes) => sum + bytes.length, textLength);
  return { length, text, attachments };
}

function bodyPieces(body: ProxyBody): readonly Piece[] {
  switch (body.type) {
    case 'none':
      return [];
    case 'json':
      return body.text.length < jsonBesideBytesMin
        ? [',"body":', body.text]
        : [',', { member: 'body', bytes: body.text, isJson: true }];
    case 'bytes':
      return [',', { member: 'body', bytes: body.bytes }];
    case 'form':
      return formPieces(body.parts);
  }
}

function formPieces(parts: readonly FormPart[]): readonly Piece[] {
  const fields = parts.flatMap(({ name, filename, bytes }) =>
    filename === undefined ? [{ name, value: bytes.toString() }] : [],
  );
  const pieces: Piece[] = [`,"multipart":{"fields":${JSON.stringify(fields)},"files":[`];
  let isFirst = true;
  for (const { name, filename, contentType, bytes } of parts) {
    if (filename === undefined) continue;
    const type = contentType ?? 'application/octet-stream';
    const facts = JSON.stringify({ name, filename, content_type: type }).slice(0, -1);
    pieces.push(`${isFirst ? '' : ','}${facts},`, { member: 'data', bytes }, '}');
    isFirst = false;
  }
  pieces.push(']}');
  return pieces;
}

function lengthOf(piece: TextPiece): number {
  return Buffer.isBuffer(piece) ? piece.length : Math.ceil(piece.base64.length / 3) * 4;
}

/** Whole groups of three bytes, so that the slices' base64 joins; small, so that no long string is made. */
const sliceBytes = 49_152;

function writePiece(frame: Buffer, at: number, piece: TextPiece): number {
  if (Buffer.isBuffer(piece)) return at + piece.copy(frame, at);
  const { base64: bytes } = piece;
  let place = at;
  for (let from = 0; from < bytes.length; from += sliceBytes) {
    const text = bytes.toString('base64', from, Math.min(from + sliceBytes, bytes.length));
    place += frame.write(text, place, 'latin1');
  }
  return place;
}
