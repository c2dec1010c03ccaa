import { type AnswerResult, answerOf } from './answer.js';
import { readAnswerBody } from './answer-body.js';

/** What is said in a sound, as JSON or, where that was asked for, as plain text or subtitles. */
export function readTranscript(text: string): AnswerResult {
  if (!text.trimStart().startsWith('{')) return transcriptOf(text);
  return readAnswerBody(text, ({ text: words }) =>
    typeof words === 'string' ? transcriptOf(words) : { kind: 'garbage' },
  );
}

/** Silence has no words, and is answered well with none. */
function transcriptOf(text: string): AnswerResult {
  const pieces = text === '' ? [] : [{ choice: 0, kind: 'completion' as const, text }];
  return { kind: 'answer', answer: answerOf({ pieces, finishReason: 'stop' }) };
}
