import type { AnswerResult, UpstreamError } from './answer.js';
import { isObject } from './json-body.js';

/** Reads an answer's JSON, or finds the error that it is; what it delivers differs from endpoint to endpoint. */
export function readAnswerBody(
  text: string,
  read: (body: Record<string, unknown>) => AnswerResult,
): AnswerResult {
  const body = parsed(text);
  if (!isObject(body)) return { kind: 'garbage' };
  const { error } = body;
  return error === undefined || error === null
    ? read(body)
    : { kind: 'error', error: errorOf(error) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The caller asks whether this is JSON at all.
    return undefined;
  }
}

function errorOf(error: unknown): UpstreamError {
  if (!isObject(error)) return { message: String(error), code: null, status: null };
  const status = [error.status, error.status_code, error.code].find(isHttpErrorStatus);
  return {
    message: typeof error.message === 'string' ? error.message : 'The upstream reported an error.',
    code: typeof error.code === 'string' ? error.code : null,
    status: status ?? null,
  };
}

function isHttpErrorStatus(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 400 && value <= 599;
}
