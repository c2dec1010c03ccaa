import type { AnswerResult } from './answer.js';
import {
  readChatAnswer,
  readChatEvent,
  readCompletionAnswer,
  readCompletionEvent,
} from './chat-answer.js';
import type { OpenAiError } from './error-body.js';
import { readImageEvent } from './image-event.js';
import { lengthChunk, usageChunk } from './length-chunk.js';
import { listReader, readImageAnswer } from './list-answer.js';
import type { Telling, TellingTerms } from './telling.js';
import type { Usage } from './usage.js';

/** How a stream is ended in its upstream's place. */
export type EarlyEnd = Readonly<{
  /** Of the event that was not sent any more. */
  data: string;
  notice: string;
  /** Where the buyer has asked for counts. */
  usage: Pick<Usage, 'promptTokens' | 'completionTokens'> | undefined;
}>;

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

const doneEvent = event('[DONE]');

export const chatDialect: Dialect = {
  readWhole: readChatAnswer,
  readEvent: readChatEvent,
  endEarly: (end) => chunks(end, 'chat'),
  done: doneEvent,
  failed: (error) => event(JSON.stringify(error)),
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
export const imageDialect: Dialect = {
  readWhole: readImageAnswer,
  readEvent: readImageEvent,
  endEarly: () => '',
  done: '',
  failed: (error) => `event: error\n${event(JSON.stringify({ type: 'error', ...error }))}`,
};

function chunks({ data, notice, usage }: EarlyEnd, form: 'chat' | 'completion'): string {
  const last = event(lengthChunk(data, notice, form));
  return usage ? last + event(usageChunk(data, usage)) : last;
}

function event(data: string): string {
  return `data: ${data}\n\n`;
}
