import {
  type AnswerPiece,
  type AnswerResult,
  answerOf,
  isObject,
  readAnswerBody,
} from '@aisbf/openai';
import { readMessageUsage } from './message-usage.js';

type Fields = Readonly<Record<string, unknown>>;

/** Why a message has ended, in the words that receipts have for it. */
const finishReasons: ReadonlyMap<unknown, string> = new Map([
  ['end_turn', 'stop'],
  ['stop_sequence', 'stop'],
  ['pause_turn', 'stop'],
  ['max_tokens', 'length'],
  ['model_context_window_exceeded', 'length'],
  ['tool_use', 'tool_calls'],
  ['refusal', 'content_filter'],
]);

/** Reads a whole message of an upstream that has the API itself. */
export function readMessage(text: string): AnswerResult {
  return readAnswerBody(text, (body) => {
    if (!Array.isArray(body.content)) return { kind: 'garbage' };
    const pieces = body.content.filter(isObject).map(pieceOfBlock);
    return {
      kind: 'answer',
      answer: answerOf({
        pieces: pieces.filter(({ text: words }) => words !== ''),
        finishReason: finishReasonOf(body.stop_reason),
        usage: readMessageUsage(body.usage),
      }),
    };
  });
}

/** Reads one event of its stream; the counts of its beginning belong to those of its end. */
export function readMessageEvent(data: string): AnswerResult {
  if (data.trim() === '[DONE]') return { kind: 'done' };
  return readAnswerBody(data, (event) => {
    const { type } = event;
    if (typeof type !== 'string') return { kind: 'garbage' };
    if (type === 'message_stop') return { kind: 'done' };
    const piece = pieceOfEvent(type, event);
    const delta: Fields = type === 'message_delta' && isObject(event.delta) ? event.delta : {};
    return {
      kind: 'answer',
      answer: answerOf({
        pieces: piece && piece.text !== '' ? [piece] : [],
        finishReason: finishReasonOf(delta.stop_reason),
      }),
    };
  });
}

function finishReasonOf(reason: unknown): string | null {
  return typeof reason === 'string' ? (finishReasons.get(reason) ?? reason.slice(0, 64)) : null;
}

/** Each block is a text of its own. */
function pieceOfEvent(type: string, event: Fields): AnswerPiece | undefined {
  const choice = typeof event.index === 'number' ? event.index : 0;
  if (type === 'content_block_start' && isObject(event.content_block)) {
    // What it begins with is empty or told again, but for what it calls.
    const { name, type: kind, text } = event.content_block;
    return { choice, kind: 'completion', text: textOf(kind === 'text' ? text : name) };
  }
  if (type !== 'content_block_delta' || !isObject(event.delta)) return undefined;
  const { thinking, text, partial_json: json } = event.delta;
  if (typeof thinking === 'string') return { choice, kind: 'reasoning', text: thinking };
  return { choice, kind: 'completion', text: textOf(text ?? json) };
}

function pieceOfBlock(block: Fields, choice: number): AnswerPiece {
  if (block.type === 'thinking') {
    return { choice, kind: 'reasoning', text: textOf(block.thinking) };
  }
  const { text, name, input } = block;
  const called = isObject(input) ? JSON.stringify(input) : '';
  return { choice, kind: 'completion', text: [textOf(text), textOf(name), called].join('') };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
