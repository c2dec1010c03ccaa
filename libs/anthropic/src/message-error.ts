import { type OpenAiError, typedEvent } from '@aisbf/openai';

/** Anthropic's error object, as its client libraries read it. */
export type AnthropicError = Readonly<{
  type: 'error';
  error: Readonly<{
    type: string;
    message: string;
    details: Readonly<{ error_code: string; param: string | null }>;
  }>;
  request_id: string;
}>;

/** The market's types of errors in Anthropic's words; the code stands beside them. */
const types: ReadonlyMap<string, string> = new Map([
  ['invalid_request_error', 'invalid_request_error'],
  ['authentication_error', 'authentication_error'],
  ['insufficient_quota', 'billing_error'],
  ['permission_error', 'permission_error'],
  ['rate_limit_error', 'rate_limit_error'],
]);
const typeOfCode: ReadonlyMap<string, string> = new Map([
  ['attempts_timed_out', 'timeout_error'],
  ['stream_timed_out', 'timeout_error'],
  ['request_too_large', 'request_too_large'],
  ['internal_error', 'api_error'],
]);
const typeOfStatus: ReadonlyMap<number, string> = new Map([[404, 'not_found_error']]);

/** The market has more to do than it can at the moment, which Anthropic's clients know by a status of its own. */
const overloaded: ReadonlySet<string> = new Set([
  ...['no_candidate', 'selection_empty', 'all_busy', 'overloaded'],
]);
const overloadedStatus = 529;

/** A refusal as Anthropic's clients expect it: by its status and its words. */
export function anthropicRefusal(error: OpenAiError, requestId: string, status: number) {
  const body = anthropicError(error, requestId, status);
  return { status: overloaded.has(error.error.code) ? overloadedStatus : status, body };
}

/** The market's error as Anthropic's. Within a stream there is no status. */
export function anthropicError(
  { error: { type, code, message, param } }: OpenAiError,
  requestId: string,
  status?: number,
): AnthropicError {
  const known =
    (overloaded.has(code) ? 'overloaded_error' : undefined) ??
    typeOfCode.get(code) ??
    typeOfStatus.get(status ?? 0) ??
    types.get(type);
  return {
    type: 'error',
    error: { type: known ?? 'api_error', message, details: { error_code: code, param } },
    request_id: requestId,
  };
}

export function messageErrorEvent(error: OpenAiError, requestId: string): string {
  return typedEvent(anthropicError(error, requestId));
}
