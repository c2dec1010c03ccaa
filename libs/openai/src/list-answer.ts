import { type AnswerResult, answerOf } from './answer.js';
import { readAnswerBody } from './answer-body.js';
import { isObject } from './json-body.js';
import { readInputUsage } from './usage.js';

/** Embeddings, verdicts and ranks: a list under this name is the whole of what was asked for. */
export function listReader(name: 'data' | 'results'): (text: string) => AnswerResult {
  return (text) =>
    readAnswerBody(text, (body) => {
      const list = body[name];
      if (!Array.isArray(list)) return { kind: 'garbage' };
      const hasContent = list.length > 0;
      // There is no word in it by which the ledger could tell it from nothing: that it is whole is its reason to end.
      const finishReason = hasContent ? 'stop' : null;
      return {
        kind: 'answer',
        answer: answerOf({ hasContent, finishReason, usage: readInputUsage(body.usage) }),
      };
    });
}

/** Pictures and films: each that is there, as bytes or as an address, is one. */
export function readMediaAnswer(text: string): AnswerResult {
  return readAnswerBody(text, (body) => {
    if (!Array.isArray(body.data)) return { kind: 'garbage' };
    const media = countMedia(body.data);
    // Their tokens are counted by rules of the seller's own, which says nothing of ours.
    return { kind: 'answer', answer: answerOf({ media }) };
  });
}

export function countMedia(entries: readonly unknown[]): number {
  return entries.filter(isThere).length;
}

function isThere(entry: unknown): boolean {
  if (!isObject(entry)) return false;
  return [entry.b64_json, entry.url].some((value) => typeof value === 'string' && value !== '');
}
