import { type AnswerResult, answerOf } from './answer.js';
import { readAnswerBody } from './answer-body.js';
import type { JsonBody } from './json-body.js';

const plainFormats: ReadonlySet<unknown> = new Set(['text', 'srt', 'vtt']);

/** Reads what is said in a sound: as JSON, or as plain text or subtitles, where the request wants those. */
export function transcriptReader({
  response_format: format,
}: JsonBody): (text: string) => AnswerResult {
  return plainFormats.has(format) ? readPlain : readJson;
}

function readJson(text: string): AnswerResult {
  return readAnswerBody(text, ({ text: words }) =>
    typeof words === 'string' ? transcriptOf(words) : { kind: 'garbage' },
  );
}

/** A page of some proxy is no transcript, and neither is an error that has no other form. */
function readPlain(text: string): AnswerResult {
  if (/^\s*<(?:!doctype|html)\b/i.test(text)) return { kind: 'garbage' };
  return text.trimStart().startsWith('{') ? readJson(text) : transcriptOf(text);
}

/** Silence has no words, and is answered well with none. */
function transcriptOf(text: string): AnswerResult {
  const pieces = text === '' ? [] : [{ choice: 0, kind: 'completion' as const, text }];
  return { kind: 'answer', answer: answerOf({ pieces, finishReason: 'stop' }) };
}
