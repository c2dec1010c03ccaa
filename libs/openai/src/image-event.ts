import { type AnswerResult, answerOf } from './answer.js';
import { readAnswerBody } from './answer-body.js';

/** An event of a stream of pictures: sketches on the way, then each picture when it is ready. */
export function readImageEvent(data: string): AnswerResult {
  return readAnswerBody(data, ({ type }) => {
    if (typeof type !== 'string') return { kind: 'garbage' };
    const isReady = type.endsWith('.completed');
    return {
      kind: 'answer',
      answer: answerOf({
        images: isReady ? 1 : 0,
        hasContent: isReady,
        finishReason: isReady ? 'stop' : null,
      }),
    };
  });
}
