import { type Fault, type FaultKind, httpStatusByKind, isRetryable } from '@aisbf/faults';
import { type OpenAiError, openAiError } from '@aisbf/openai';
import { faultOf, retryAfterSeconds } from '@aisbf/platform';
import { FaultWords } from '../services/fault-words.js';

/** A failure as OpenAI's clients read it. */
export type ErrorAnswer = Readonly<{
  status: number;
  headers: Readonly<Record<string, string>>;
  body: OpenAiError;
}>;

const typeByKind = {
  invalid: 'invalid_request_error',
  unauthenticated: 'authentication_error',
  exhausted: 'insufficient_quota',
  forbidden: 'permission_error',
  missing: 'invalid_request_error',
  conflict: 'invalid_request_error',
  oversized: 'invalid_request_error',
  unprocessable: 'invalid_request_error',
  throttled: 'rate_limit_error',
  unsupported: 'invalid_request_error',
  upstream: 'upstream_error',
  unavailable: 'server_error',
  timeout: 'upstream_error',
} as const satisfies Record<FaultKind, string>;

/** Codes that clients of OpenAI know under another name than ours. */
const knownCodes: Readonly<Record<string, string>> = {
  API_TOKEN_MISSING: 'invalid_api_key',
  API_TOKEN_INVALID: 'invalid_api_key',
  MODEL_MISSING: 'model_not_found',
  IMPORT_NOT_ON_SALE: 'model_not_found',
  BODY_TOO_LARGE: 'request_too_large',
  PROMPT_TOO_LONG: 'context_length_exceeded',
};

/** Patience where a fault asks for some but names no time, in seconds. */
const retryAfterDefaultSeconds = 1;

/** The gateway's one translation of failures. A bug says nothing of its cause; undefined where it is one. */
export function errorAnswer(thrown: unknown): ErrorAnswer & { fault: Fault | undefined } {
  const fault = faultOf(thrown);
  if (!fault) {
    const body = openAiError('server_error', 'internal_error', 'Something went wrong on our side.');
    return { status: 500, headers: { 'x-should-retry': 'false' }, body, fault };
  }
  return {
    fault,
    status: httpStatusByKind[fault.kind],
    headers: { 'x-should-retry': String(isWorthRepeating(fault)), ...retryAfter(fault) },
    body: bodyOf(fault),
  };
}

/** The same for the middle of a stream. */
export function bodyOf(fault: Fault): OpenAiError {
  const { param } = fault.details;
  const code =
    typeof fault.details.code === 'string'
      ? fault.details.code
      : (knownCodes[fault.code] ?? fault.code.toLowerCase());
  return openAiError(
    typeByKind[fault.kind],
    code,
    fault.message,
    typeof param === 'string' ? param : null,
  );
}

/** Not by their kind, but what stands in the way passes: other requests end. */
const passingCodes: ReadonlySet<string> = new Set([
  'HELD_BY_OTHER_REQUESTS',
  'IDEMPOTENCY_KEY_RUNNING',
]);

function isWorthRepeating(fault: Fault): boolean {
  return passingCodes.has(fault.code) || isRetryable(fault.kind);
}

function retryAfter(fault: Fault): Record<string, string> {
  const isPatient = fault.kind === 'throttled' || fault.kind === 'unavailable';
  const seconds = retryAfterSeconds(fault) ?? (isPatient ? retryAfterDefaultSeconds : undefined);
  return seconds === undefined ? {} : { 'retry-after': String(seconds) };
}

/** The same words for failures that no request waits for. */
export class OpenAiFaultWords extends FaultWords {
  of(thrown: unknown) {
    return errorAnswer(thrown);
  }
}
