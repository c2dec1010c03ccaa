import { fromBase64, type JsonObject, toObject, writeJson } from './json-value.js';

/** A piece of a stream. Text stays text: it may end between the two halves of one character. */
export type Chunk =
  | Readonly<{ type: 'text'; text: string }>
  | Readonly<{ type: 'bytes'; bytes: Buffer }>;

/** All that a stream frame carries, in order; undefined where something in it cannot be read. */
export function readChunks(payload: unknown): readonly Chunk[] | undefined {
  if (typeof payload === 'string') return [{ type: 'text', text: payload }];
  const object = toObject(payload);
  if (!object) return payload == null ? [] : undefined;
  if (Array.isArray(object.chunks)) return readAll(object.chunks);
  if (object.chunk != null) return readAll([object.chunk]);
  return isTransportForm(object) ? readAll([object]) : dataOf(object);
}

/** The oldest clients say `data` where the others say `chunk`. */
function dataOf(object: JsonObject): readonly Chunk[] | undefined {
  return object.data == null ? [] : readAll([object.data]);
}

function readAll(values: readonly unknown[]): readonly Chunk[] | undefined {
  const chunks = values.map(readChunk);
  return chunks.every((chunk) => chunk !== undefined) ? chunks : undefined;
}

function readChunk(value: unknown): Chunk | undefined {
  if (typeof value === 'string') return { type: 'text', text: value };
  const object = toObject(value);
  if (!object) return undefined;
  if (isTransportForm(object)) return transported(object);
  const json = writeJson(object);
  return json === undefined ? undefined : { type: 'text', text: `data: ${json}\n\n` };
}

/** Whether an object is a wrapping of text or bytes; any other object is itself an event of the stream. */
function isTransportForm(object: JsonObject): boolean {
  return (
    typeof object.data_base64 === 'string' ||
    (object.encoding === 'base64' && typeof object.data === 'string') ||
    (typeof object.text === 'string' && !('choices' in object))
  );
}

function transported(object: JsonObject): Chunk | undefined {
  const base64 = typeof object.data_base64 === 'string' ? object.data_base64 : undefined;
  const encoded = base64 ?? (object.encoding === 'base64' ? object.data : undefined);
  if (typeof encoded !== 'string') return { type: 'text', text: String(object.text) };
  const bytes = fromBase64(encoded);
  return bytes && { type: 'bytes', bytes };
}
