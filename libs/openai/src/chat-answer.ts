import { isObject } from './chat-request.js';
import { readUsage, type Usage } from './usage.js';

/** What one piece of an answer holds: a whole answer, or one event of a stream. */
export type ChatAnswer = Readonly<{
  /** Everything that counts as output: words, reasoning, refusals, tool calls. */
  text: string;
  finishReason: string | null;
  usage: Usage | null;
}>;

/** An upstream's own error inside an answer that began well. */
export type UpstreamError = Readonly<{
  message: string;
  code: string | null;
  status: number | null;
}>;

export type ChatAnswerResult =
  | Readonly<{ kind: 'answer'; answer: ChatAnswer }>
  | Readonly<{ kind: 'error'; error: UpstreamError }>
  | Readonly<{ kind: 'done' }>
  | Readonly<{ kind: 'garbage' }>;

/** Reads one event's data. */
export function readChatEvent(data: string): ChatAnswerResult {
  return data.trim() === '[DONE]' ? { kind: 'done' } : readChatAnswer(data);
}

/** Reads a whole answer, or one chunk: they differ in `message` and `delta` only. */
export function readChatAnswer(text: string): ChatAnswerResult {
  const body = parsed(text);
  if (!isObject(body)) return { kind: 'garbage' };
  if (body.error !== undefined && body.error !== null)
    return { kind: 'error', error: errorOf(body.error) };
  if (body.choices !== undefined && !Array.isArray(body.choices)) return { kind: 'garbage' };
  const choices = (Array.isArray(body.choices) ? body.choices : []).filter(isObject);
  return {
    kind: 'answer',
    answer: {
      text: choices.map(textOf).join(''),
      finishReason: choices.map(finishReasonOf).find((reason) => reason !== null) ?? null,
      usage: readUsage(body.usage),
    },
  };
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

function finishReasonOf(choice: Record<string, unknown>): string | null {
  return typeof choice.finish_reason === 'string' ? choice.finish_reason.slice(0, 64) : null;
}

function textOf(choice: Record<string, unknown>): string {
  const part = isObject(choice.delta) ? choice.delta : choice.message;
  if (!isObject(part)) return '';
  const calls = Array.isArray(part.tool_calls) ? part.tool_calls : [];
  return [
    part.content,
    part.reasoning_content ?? part.reasoning,
    part.refusal,
    ...[part.function_call, ...calls.filter(isObject).map((call) => call.function)].flatMap(
      callTexts,
    ),
  ]
    .filter((text) => typeof text === 'string')
    .join('');
}

function callTexts(call: unknown): readonly unknown[] {
  return isObject(call) ? [call.name, call.arguments] : [];
}
