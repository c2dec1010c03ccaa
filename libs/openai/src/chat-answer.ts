import { isObject } from './chat-request.js';
import { readUsage, type Usage } from './usage.js';

/** Output of one choice: each is a text of its own, whose parts follow each other over the events of a stream. */
export type ChatPiece = Readonly<{
  choice: number;
  /** `completion`: words, refusals, tool calls. */
  kind: 'completion' | 'reasoning';
  text: string;
}>;

/** What one piece of an answer holds: a whole answer, or one event of a stream. */
export type ChatAnswer = Readonly<{
  /** Everything that counts as output; none of them is empty. */
  pieces: readonly ChatPiece[];
  /** The same in one text. */
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
  const pieces = choices.flatMap(piecesOf);
  return {
    kind: 'answer',
    answer: {
      pieces,
      text: pieces.map(({ text: each }) => each).join(''),
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

function piecesOf(choice: Record<string, unknown>, place: number): readonly ChatPiece[] {
  const part = isObject(choice.delta) ? choice.delta : choice.message;
  if (!isObject(part)) return [];
  const calls = Array.isArray(part.tool_calls) ? part.tool_calls : [];
  const called = [part.function_call, ...calls.filter(isObject).map((call) => call.function)];
  const index = typeof choice.index === 'number' ? choice.index : place;
  return [
    piece(index, 'reasoning', [part.reasoning_content ?? part.reasoning]),
    piece(index, 'completion', [part.content, part.refusal, ...called.flatMap(callTexts)]),
  ].filter(({ text }) => text !== '');
}

function piece(choice: number, kind: ChatPiece['kind'], texts: readonly unknown[]): ChatPiece {
  return { choice, kind, text: texts.filter((text) => typeof text === 'string').join('') };
}

function callTexts(call: unknown): readonly unknown[] {
  return isObject(call) ? [call.name, call.arguments] : [];
}
