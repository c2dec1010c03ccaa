import type { AnswerResult } from './answer.js';
import { readAnswerBody } from './answer-body.js';
import {
  readChatAnswer,
  readChatEvent,
  readCompletionAnswer,
  readCompletionEvent,
} from './chat-answer.js';
import type { OpenAiError } from './error-body.js';
import type { JsonBody } from './json-body.js';
import { lengthChunk, usageChunk } from './length-chunk.js';
import { listReader, readMediaAnswer } from './list-answer.js';
import { readImageEvent, readSpeechEvent, readTranscriptEvent } from './media-event.js';
import { readStudioAnswer, readStudioEvent } from './studio-answer.js';
import { dataEvent, type EarlyEnd, type Telling, type TellingTerms } from './telling.js';
import { transcriptReader } from './transcript.js';
import { readVideoJobAnswer } from './video-job.js';

/** How the answers of one endpoint are read, and what the market itself says in their stead. */
export type Dialect = Readonly<{
  readWhole: (text: string) => AnswerResult;
  readEvent: (data: string) => AnswerResult;
  /** Events, as they are written. */
  endEarly: (end: EarlyEnd) => string;
  /** What follows the last event of an honest end. */
  done: string;
  failed: (error: OpenAiError) => string;
  /** Where an answer is not just passed on: what is told in its stead. */
  telling?: (terms: TellingTerms) => Telling;
}>;

/** Passes everything on as it came. */
export function plainTelling({ readEvent, endEarly, done, failed }: Dialect): Telling {
  return {
    whole: () => undefined,
    read: readEvent,
    event: () => undefined,
    endEarly,
    done: () => done,
    failed,
  };
}

const doneEvent = dataEvent('[DONE]');

export const chatDialect: Dialect = {
  readWhole: readChatAnswer,
  readEvent: readChatEvent,
  endEarly: (end) => chunks(end, 'chat'),
  done: doneEvent,
  failed: (error) => dataEvent(JSON.stringify(error)),
};

export const completionDialect: Dialect = {
  ...chatDialect,
  readWhole: readCompletionAnswer,
  readEvent: readCompletionEvent,
  endEarly: (end) => chunks(end, 'completion'),
};

/** Answers that come whole, and hold no text that money could run out under. */
export function listDialect(name: 'data' | 'results'): Dialect {
  const readWhole = listReader(name);
  return { ...chatDialect, readWhole, readEvent: readWhole };
}

/** Pictures: events with types of their own, of which the last says that it is the last. */
export const mediaDialect: Dialect = {
  readWhole: readMediaAnswer,
  readEvent: readImageEvent,
  endEarly: () => '',
  done: '',
  failed: (error) => `event: error\n${dataEvent(JSON.stringify({ type: 'error', ...error }))}`,
};

/** Speech comes as bytes, or as events that hold them; as JSON it says only what went wrong. */
export const speechDialect: Dialect = {
  ...mediaDialect,
  readWhole: (text) => readAnswerBody(text, () => ({ kind: 'garbage' })),
  readEvent: readSpeechEvent,
};

/** Whatever the workers' own paths say. */
export const studioDialect: Dialect = {
  ...mediaDialect,
  readWhole: readStudioAnswer,
  readEvent: readStudioEvent,
};

export const videoJobDialect: Dialect = { ...mediaDialect, readWhole: readVideoJobAnswer };

export function transcriptDialect(request: JsonBody): Dialect {
  return {
    ...mediaDialect,
    readWhole: transcriptReader(request),
    readEvent: readTranscriptEvent,
    endEarly: ({ notice }) =>
      dataEvent(JSON.stringify({ type: 'transcript.text.done', text: '', x_aisbf: { notice } })),
  };
}

function chunks({ data, notice, usage }: EarlyEnd, form: 'chat' | 'completion'): string {
  const last = dataEvent(lengthChunk(data, notice, form));
  return usage ? last + dataEvent(usageChunk(data, usage)) : last;
}
