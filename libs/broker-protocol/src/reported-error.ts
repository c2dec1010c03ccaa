import { type JsonObject, toInteger, toObject, toText } from './json-value.js';

/** What a worker, or the engine behind it, says went wrong. */
export type ReportedError = Readonly<{
  code: string;
  message: string;
  /** The HTTP status that it states, or that its words stand for; null where they say nothing. */
  status: number | null;
}>;

/** Long enough for any engine's sentence, short enough for a log line. */
const messageLengthMax = 1000;
const codeLengthMax = 64;

/** What engines call their failures, and the status that they send with it over plain HTTP. */
const statusByWord: ReadonlyMap<string, number> = new Map([
  ['invalid_request_error', 400],
  ['invalid_request', 400],
  ['bad_request', 400],
  ['context_length_exceeded', 400],
  ['model_not_found', 404],
  ['not_found_error', 404],
  ['not_found', 404],
  ['payload_too_large', 413],
  ['rate_limit_error', 429],
  ['rate_limit_exceeded', 429],
  ['insufficient_quota', 429],
  ['server_busy', 503],
  ['overloaded_error', 503],
  ['overloaded', 503],
  ['service_unavailable', 503],
  ['timeout', 504],
]);

/** Reads both shapes: a string with `code` and `details` beside it, or an object that holds all. */
export function readError(error: unknown, beside: JsonObject = {}): ReportedError {
  const object = toObject(error) ?? { message: error, code: beside.code, details: beside.details };
  return {
    code: codeOf(object.code) ?? codeOf(object.type) ?? 'worker_error',
    message: toText(object.message, messageLengthMax) ?? 'The worker gave no reason.',
    status: statedStatus(object) ?? statedStatus(beside) ?? impliedStatus(object),
  };
}

function codeOf(value: unknown): string | undefined {
  const text = typeof value === 'number' ? String(value) : toText(value, codeLengthMax);
  return text !== undefined && /^[\w.-]+$/.test(text) ? text : undefined;
}

function statedStatus(object: JsonObject): number | undefined {
  const details = toObject(object.details) ?? {};
  const stated = [object.status_code, object.status, object.http_status, object.code];
  for (const value of [...stated, details.status_code, details.status]) {
    const status = toInteger(value, 400, 599);
    if (status !== undefined) return status;
  }
  return undefined;
}

function impliedStatus(object: JsonObject): number | null {
  for (const word of [object.code, object.type]) {
    const status = typeof word === 'string' ? statusByWord.get(word.toLowerCase()) : undefined;
    if (status !== undefined) return status;
  }
  return /\bserver busy\b/i.test(String(toText(object.message, 200) ?? '')) ? 503 : null;
}
