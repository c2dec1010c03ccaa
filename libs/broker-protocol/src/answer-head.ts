import { type JsonObject, toInteger, toText } from './json-value.js';
import { contentRangeOf, contentTypeOf } from './reply.js';

/** What an HTTP server says before the body, of an answer that comes in pieces. */
export type AnswerHead = Readonly<{
  status: number;
  contentType: string;
  /** Null where it is not known before the end. */
  contentLength: number | null;
  filename: string | null;
  /** Which part of the whole it is, where it is one. */
  contentRange?: string;
}>;

/** They have no body, so that nothing of it can come in pieces. */
const bodiless: ReadonlySet<number> = new Set([204, 205, 304]);

/** Reads what stands beside the first piece; undefined where it cannot be used. */
export function readAnswerHead(payload: JsonObject): AnswerHead | undefined {
  const status = toInteger(payload.status_code, 200, 599);
  const stated = payload.content_length;
  const contentLength = stated == null ? null : toInteger(stated, 0, Number.MAX_SAFE_INTEGER);
  if (status === undefined || bodiless.has(status) || contentLength === undefined) return undefined;
  const filename = toText(payload.filename, 255) ?? null;
  const contentType = contentTypeOf(payload);
  return { status, contentType, contentLength, filename, ...contentRangeOf(payload) };
}
