import { type AnswerResult, answerOf } from './answer.js';
import { readAnswerBody } from './answer-body.js';

/** An event of a stream of pictures: sketches on the way, then each picture when it is ready. */
export function readImageEvent(data: string): AnswerResult {
  return readTyped(data, ({ type }) => {
    const isReady = type.endsWith('.completed');
    return {
      kind: 'answer',
      answer: answerOf({
        media: isReady ? 1 : 0,
        hasContent: isReady,
        finishReason: isReady ? 'stop' : null,
      }),
    };
  });
}

/** An event of speech: pieces of the sound, then the word that it is whole. */
export function readSpeechEvent(data: string): AnswerResult {
  return readTyped(data, ({ type, audio }) => {
    const sound = typeof audio === 'string' ? Buffer.from(audio, 'base64') : undefined;
    const isWhole = type.endsWith('.done');
    return {
      kind: 'answer',
      answer: answerOf({
        ...(sound && { sound }),
        hasContent: (sound?.length ?? 0) > 0,
        finishReason: isWhole ? 'stop' : null,
      }),
    };
  });
}

/**
 * An event of what is said in a sound: words as they are understood, then all of them once more. The seller counts
 * the sound too, by rules of its own, which says nothing of ours.
 */
export function readTranscriptEvent(data: string): AnswerResult {
  return readTyped(data, ({ type, delta }) => {
    const isWhole = type === 'transcript.text.done';
    const text = typeof delta === 'string' ? delta : '';
    return {
      kind: 'answer',
      answer: answerOf({
        pieces: text === '' ? [] : [{ choice: 0, kind: 'completion', text }],
        finishReason: isWhole ? 'stop' : null,
      }),
    };
  });
}

type TypedEvent = Readonly<Record<string, unknown> & { type: string }>;

/** These streams end by themselves; some servers say so once more. */
function readTyped(data: string, read: (event: TypedEvent) => AnswerResult): AnswerResult {
  if (data.trim() === '[DONE]') return { kind: 'done' };
  return readAnswerBody(data, (event) => {
    const { type } = event;
    return typeof type === 'string' ? read({ ...event, type }) : { kind: 'garbage' };
  });
}
