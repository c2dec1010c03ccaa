import { type AnswerPiece, type AnswerResult, answerOf } from './answer.js';
import { readAnswerBody } from './answer-body.js';
import { isObject } from './json-body.js';
import { readUsage, type Usage } from './usage.js';

type Fields = Readonly<Record<string, unknown>>;

/** Reads a whole response of an upstream that has the API itself. */
export function readResponseAnswer(text: string): AnswerResult {
  return readAnswerBody(text, (body) => {
    if (!Array.isArray(body.output)) return { kind: 'garbage' };
    const pieces = body.output.filter(isObject).flatMap(piecesOf);
    return {
      kind: 'answer',
      answer: answerOf({
        pieces: pieces.filter(({ text: words }) => words !== ''),
        ...endOf(body),
      }),
    };
  });
}

/** Reads one event of its stream. */
export function readResponseEvent(data: string): AnswerResult {
  if (data.trim() === '[DONE]') return { kind: 'done' };
  return readAnswerBody(data, (event) => {
    const { type } = event;
    if (typeof type !== 'string') return { kind: 'garbage' };
    if (type === 'error') return errorOf(event);
    const response = fieldsOf(event.response);
    if (type === 'response.failed') return errorOf(fieldsOf(response.error));
    const isLast = lastTypes.has(type);
    const piece = pieceOfEvent(type, event);
    return {
      kind: 'answer',
      answer: answerOf({
        pieces: piece && piece.text !== '' ? [piece] : [],
        ...(isLast && endOf({ status: type.replace('response.', ''), ...response })),
      }),
    };
  });
}

const lastTypes: ReadonlySet<string> = new Set(['response.completed', 'response.incomplete']);

function fieldsOf(value: unknown): Fields {
  return isObject(value) ? value : {};
}

/** The end of a response in the words that receipts have for it. */
function endOf(response: Fields): { finishReason: string | null; usage: Usage | null } {
  const { status, incomplete_details: details } = response;
  const usage = readResponseUsage(response.usage);
  if (status === 'failed') return { finishReason: 'error', usage };
  if (status !== 'incomplete') return { finishReason: 'stop', usage };
  const isFiltered = isObject(details) && details.reason === 'content_filter';
  return { finishReason: isFiltered ? 'content_filter' : 'length', usage };
}

export function readResponseUsage(value: unknown): Usage | null {
  if (!isObject(value)) return null;
  return readUsage({
    prompt_tokens: value.input_tokens,
    completion_tokens: value.output_tokens,
    prompt_tokens_details: value.input_tokens_details,
    completion_tokens_details: value.output_tokens_details,
  });
}

const kindOfDelta: ReadonlyMap<string, AnswerPiece['kind']> = new Map([
  ['response.output_text.delta', 'completion'],
  ['response.refusal.delta', 'completion'],
  ['response.function_call_arguments.delta', 'completion'],
  ['response.custom_tool_call_input.delta', 'completion'],
  ['response.reasoning_text.delta', 'reasoning'],
  ['response.reasoning_summary_text.delta', 'reasoning'],
]);

/** Each item is a text of its own. What an event repeats of those before it counts once. */
function pieceOfEvent(type: string, event: Fields): AnswerPiece | undefined {
  const choice = typeof event.output_index === 'number' ? event.output_index : 0;
  const kind = kindOfDelta.get(type);
  if (kind) return { choice, kind, text: textOf(event.delta) };
  if (type !== 'response.output_item.added' || !isObject(event.item)) return undefined;
  return { choice, kind: 'completion', text: textOf(event.item.name) };
}

function piecesOf(item: Fields, choice: number): readonly AnswerPiece[] {
  const thought = [...textsOf(item.summary), ...textsOf(item.content)].join('');
  if (item.type === 'reasoning') return [{ choice, kind: 'reasoning', text: thought }];
  const called = [item.name, item.arguments, item.input].map(textOf);
  const text = [...textsOf(item.content), ...called].join('');
  return [{ choice, kind: 'completion', text }];
}

function textsOf(parts: unknown): readonly string[] {
  const list = Array.isArray(parts) ? parts.filter(isObject) : [];
  return list.flatMap((part) => [textOf(part.text), textOf(part.refusal)]);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function errorOf(error: Fields): AnswerResult {
  const message = textOf(error.message) || 'The upstream reported an error.';
  const code = typeof error.code === 'string' ? error.code : null;
  return { kind: 'error', error: { message, code, status: null } };
}
