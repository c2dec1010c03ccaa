import type { ApiRequest } from './api-request.js';
import { toChatRequest } from './chat-request.js';
import {
  choicesProblem,
  type JsonBody,
  missing,
  modelProblem,
  outputTokensProblem,
  type RequestProblem,
  streamProblem,
  wrongType,
} from './json-body.js';
import { inputPrompts } from './prompt-list.js';

/** As many texts as one request may ask for: each prompt so many times. */
const textsMax = 128;

/** The older completions: plain prompts, each with an answer of its own. */
export function completionProblem(body: JsonBody): RequestProblem | undefined {
  return (
    modelProblem(body) ??
    streamProblem(body) ??
    outputTokensProblem(body, 'max_tokens') ??
    choicesProblem(body) ??
    promptProblem(body)
  );
}

export function toCompletionRequest(body: JsonBody): ApiRequest {
  const request = toChatRequest(body);
  return { ...request, choices: request.choices * (inputPrompts(body.prompt)?.length ?? 1) };
}

function promptProblem({ prompt, n }: JsonBody): RequestProblem | undefined {
  const prompts = inputPrompts(prompt);
  if (!prompts) return missing('prompt', 'a text, a list of texts, or tokens');
  const each = typeof n === 'number' && n > 1 ? n : 1;
  return prompts.length * each > textsMax
    ? wrongType('prompt', `prompts times n, at most ${textsMax}`)
    : undefined;
}
