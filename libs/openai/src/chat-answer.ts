import { type AnswerPiece, type AnswerResult, answerOf } from './answer.js';
import { readAnswerBody } from './answer-body.js';
import { isObject } from './json-body.js';
import { readUsage } from './usage.js';

/** What a stream says when it has said everything. */
export function isDone(data: string): boolean {
  return data.trim() === '[DONE]';
}

/** Reads one event's data. */
export function readChatEvent(data: string): AnswerResult {
  return isDone(data) ? { kind: 'done' } : readChatAnswer(data);
}

/** Reads a whole answer, or one chunk: they differ in `message` and `delta` only. */
export function readChatAnswer(text: string): AnswerResult {
  return readAnswerBody(text, (body) => readChoices(body, piecesOf));
}

/** Only what such an answer says: no thoughts, no calls, and no counts that hold those too. */
export function readSaidAnswer(text: string): AnswerResult {
  return readAnswerBody(text, (body) => readChoices({ ...body, usage: null }, saidOf));
}

/** The same for the older completions, whose choices are plain texts, streamed or whole. */
export function readCompletionEvent(data: string): AnswerResult {
  return isDone(data) ? { kind: 'done' } : readCompletionAnswer(data);
}

export function readCompletionAnswer(text: string): AnswerResult {
  return readAnswerBody(text, (body) => readChoices(body, textOf));
}

type Choice = Readonly<Record<string, unknown>>;

function readChoices(
  body: Record<string, unknown>,
  read: (choice: Choice, index: number) => readonly AnswerPiece[],
): AnswerResult {
  if (body.choices !== undefined && !Array.isArray(body.choices)) return { kind: 'garbage' };
  const choices = (Array.isArray(body.choices) ? body.choices : []).filter(isObject);
  const pieces = choices.flatMap((choice, place) =>
    read(choice, typeof choice.index === 'number' ? choice.index : place),
  );
  return {
    kind: 'answer',
    answer: answerOf({
      pieces: pieces.filter(({ text }) => text !== ''),
      finishReason: choices.map(finishReasonOf).find((reason) => reason !== null) ?? null,
      usage: readUsage(body.usage),
    }),
  };
}

function finishReasonOf(choice: Choice): string | null {
  return typeof choice.finish_reason === 'string' ? choice.finish_reason.slice(0, 64) : null;
}

function saidOf({ delta, message }: Choice, index: number): readonly AnswerPiece[] {
  const part = isObject(delta) ? delta : message;
  return isObject(part) ? [piece(index, 'completion', [part.content, part.refusal])] : [];
}

function piecesOf(choice: Choice, index: number): readonly AnswerPiece[] {
  const part = isObject(choice.delta) ? choice.delta : choice.message;
  if (!isObject(part)) return [];
  const calls = Array.isArray(part.tool_calls) ? part.tool_calls : [];
  const called = [part.function_call, ...calls.filter(isObject).map((call) => call.function)];
  return [
    piece(index, 'reasoning', [part.reasoning_content ?? part.reasoning]),
    piece(index, 'completion', [part.content, part.refusal, ...called.flatMap(callTexts)]),
  ];
}

function textOf({ text }: Choice, index: number): readonly AnswerPiece[] {
  return [piece(index, 'completion', [text])];
}

function piece(choice: number, kind: AnswerPiece['kind'], texts: readonly unknown[]): AnswerPiece {
  return { choice, kind, text: texts.filter((text) => typeof text === 'string').join('') };
}

function callTexts(call: unknown): readonly unknown[] {
  return isObject(call) ? [call.name, call.arguments] : [];
}
