import type { FrameBytes } from './frame-bytes.js';
import { type JsonObject, toObject, writeJson } from './json-value.js';

/** A piece of a stream. Text stays text: it may end between the two halves of one character. */
export type Chunk =
  | Readonly<{ type: 'text'; text: string }>
  | Readonly<{ type: 'bytes'; bytes: Buffer }>;

/** All that a stream frame carries, in order; undefined where something in it cannot be read. */
export function readChunks(payload: unknown, bytes: FrameBytes): readonly Chunk[] | undefined {
  if (typeof payload === 'string') return [{ type: 'text', text: payload }];
  const object = toObject(payload);
  if (!object) return payload == null ? [] : undefined;
  if (Array.isArray(object.chunks)) return readAll(object.chunks, bytes);
  if (object.chunk != null) return readAll([object.chunk], bytes);
  return isTransportForm(object, bytes) ? readAll([object], bytes) : dataOf(object, bytes);
}

/** How much a worker has sent in these pieces: a text counts as UTF-8, wrapped bytes without the wrapping. */
export function sizeOf(chunks: readonly Chunk[]): number {
  return chunks.reduce(
    (sum, chunk) =>
      sum + (chunk.type === 'text' ? Buffer.byteLength(chunk.text) : chunk.bytes.length),
    0,
  );
}

/** The oldest clients say `data` where the others say `chunk`. */
function dataOf(object: JsonObject, bytes: FrameBytes): readonly Chunk[] | undefined {
  return object.data == null ? [] : readAll([object.data], bytes);
}

function readAll(values: readonly unknown[], bytes: FrameBytes): readonly Chunk[] | undefined {
  const chunks = values.map((value) => readChunk(value, bytes));
  return chunks.every((chunk) => chunk !== undefined) ? chunks : undefined;
}

function readChunk(value: unknown, bytes: FrameBytes): Chunk | undefined {
  if (typeof value === 'string') return { type: 'text', text: value };
  const object = toObject(value);
  if (!object) return undefined;
  if (isTransportForm(object, bytes)) return transported(object, bytes);
  const json = writeJson(object);
  return json === undefined ? undefined : { type: 'text', text: `data: ${json}\n\n` };
}

/** Whether an object is a wrapping of text or bytes; any other object is itself an event of the stream. */
function isTransportForm(object: JsonObject, { isBinary }: FrameBytes): boolean {
  return (
    (isBinary && 'data_attachment' in object) ||
    typeof object.data_base64 === 'string' ||
    (object.encoding === 'base64' && typeof object.data === 'string') ||
    (typeof object.text === 'string' && !('choices' in object))
  );
}

function transported(object: JsonObject, source: FrameBytes): Chunk | undefined {
  if (source.isBinary && 'data_attachment' in object) {
    return asBytes(source.attachment(object.data_attachment));
  }
  const base64 = typeof object.data_base64 === 'string' ? object.data_base64 : undefined;
  const encoded = base64 ?? (object.encoding === 'base64' ? object.data : undefined);
  if (typeof encoded !== 'string') return { type: 'text', text: String(object.text) };
  return asBytes(source.fromBase64(encoded));
}

function asBytes(bytes: Buffer | undefined): Chunk | undefined {
  return bytes && { type: 'bytes', bytes };
}
