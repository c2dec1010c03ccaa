import type { ApiRequest } from './api-request.js';
import {
  choicesProblem,
  isObject,
  type JsonBody,
  missing,
  modelProblem,
  numberOrNull,
  outputTokensProblem,
  type RequestProblem,
  streamProblem,
  wrongType,
} from './json-body.js';

export function chatProblem(body: JsonBody): RequestProblem | undefined {
  return (
    modelProblem(body) ??
    messagesProblem(body) ??
    streamProblem(body) ??
    outputTokensProblem(body, 'max_tokens', 'max_completion_tokens') ??
    choicesProblem(body)
  );
}

export function toChatRequest(body: JsonBody): ApiRequest {
  return {
    model: String(body.model),
    isStream: body.stream === true,
    outputTokensMax: numberOrNull(body.max_completion_tokens) ?? numberOrNull(body.max_tokens),
    choices: numberOrNull(body.n) ?? 1,
    hasUsageChunk: isObject(body.stream_options) && body.stream_options.include_usage === true,
    body,
  };
}

function messagesProblem({ messages }: JsonBody): RequestProblem | undefined {
  if (!Array.isArray(messages) || messages.length === 0)
    return missing('messages', 'a list of messages');
  const badAt = messages.findIndex(
    (message) => !isObject(message) || typeof message.role !== 'string',
  );
  return badAt >= 0 ? wrongType(`messages[${badAt}]`, 'an object with a role') : undefined;
}
