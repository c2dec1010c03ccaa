import type { AnswerResult } from './answer.js';
import { type ChatSaid, readChatSaid } from './chat-said.js';
import type { OpenAiError } from './error-body.js';
import type { Usage } from './usage.js';

/** How a stream is ended in its upstream's place. */
export type EarlyEnd = Readonly<{
  /** Of the event that was not sent any more. */
  data: string;
  notice: string;
  /** Where the buyer has asked for counts. */
  usage: Pick<Usage, 'promptTokens' | 'completionTokens'> | undefined;
}>;

/** What is known of an answer beside its words. */
export type TellingTerms = Readonly<{
  requestId: string;
  startedAtMs: number;
  /** Both by our own count: told where the upstream does not say. */
  promptTokens: number;
  outputTokens: () => number;
}>;

/**
 * How one answer is read, and told to its buyer. Made anew for each answer, since what is said may depend on what was
 * said before. Events are told in their order, and only those that are sent.
 */
export type Telling = Readonly<{
  /** A whole answer in the buyer's form; undefined is as it came. */
  whole: (text: string) => string | undefined;
  read: (data: string) => AnswerResult;
  /** What is written in place of an event; undefined is the event as it came. */
  event: (data: string) => string | undefined;
  endEarly: (end: EarlyEnd) => string;
  /** What follows the last event of an honest end. */
  done: () => string;
  failed: (error: OpenAiError) => string;
  /** The whole answer, after `done` or `whole`, where its buyer wants it kept. */
  memory?: () => string | undefined;
}>;

/** Tells in another form what a chat model says. */
export interface ChatTeller {
  /** The events for this. */
  say(said: ChatSaid): string;
  /** Whether this belongs to something that was told to its end already. */
  isLate(said: ChatSaid): boolean;
  endEarly(end: EarlyEnd): string;
  done(): string;
  failed(error: OpenAiError): string;
  /** The whole answer, after `done`. */
  whole(): string;
  memory?(): string | undefined;
}

export function chatTelling(
  readEvent: (data: string) => AnswerResult,
  teller: ChatTeller,
): Telling {
  return {
    whole: (text) => {
      teller.say(readChatSaid(text));
      teller.done();
      return teller.whole();
    },
    read: (data) => {
      const result = readEvent(data);
      // Half a call behind its end could only be lost.
      const isLate = result.kind === 'answer' && teller.isLate(readChatSaid(data));
      return isLate ? { kind: 'garbage' } : result;
    },
    event: (data) => teller.say(readChatSaid(data)),
    endEarly: (end) => teller.endEarly(end),
    done: () => teller.done(),
    failed: (error) => teller.failed(error),
    memory: () => teller.memory?.(),
  };
}

/** A server-sent event of nothing but data. */
export function dataEvent(data: string): string {
  return `data: ${data}\n\n`;
}

/** A server-sent event that says its type twice, as clients of typed streams expect. */
export function typedEvent(event: Readonly<{ type: string; [field: string]: unknown }>): string {
  return `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
}
