import { type AnswerResult, answerOf } from './answer.js';
import { readAnswerBody } from './answer-body.js';
import { isObject } from './json-body.js';
import { countMedia } from './list-answer.js';

/**
 * An answer of which nothing is known but that it is one. JSON is whatever it is, unless it says that something went
 * wrong; other text is, unless it is a page: no such endpoint answers in those.
 */
export function readStudioAnswer(text: string): AnswerResult {
  const start = text.trimStart()[0];
  if (start === undefined || start === '<') return { kind: 'garbage' };
  if (start === '{') return readAnswerBody(text, (body) => found(mediaIn(body)));
  return start !== '[' || isJson(text) ? found(0) : { kind: 'garbage' };
}

/** An event of a stream that ends where its connection does: the broker breaks one that does not end honestly. */
export function readStudioEvent(data: string): AnswerResult {
  const text = data.trim();
  if (text === '[DONE]') return { kind: 'done' };
  if (!text.startsWith('{')) return found(0);
  return readAnswerBody(text, (event) => found(mediaIn(event)));
}

function found(media: number): AnswerResult {
  return { kind: 'answer', answer: answerOf({ media, hasContent: true, finishReason: 'stop' }) };
}

/** In a list, or in one piece of a stream that says that it is ready. */
function mediaIn(body: Record<string, unknown>): number {
  if (Array.isArray(body.data)) return countMedia(body.data);
  const isReady = typeof body.type === 'string' && body.type.endsWith('.completed');
  return isReady ? countMedia([isObject(body.data) ? body.data : body]) : 0;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    // That it is none is the answer.
    return false;
  }
}
