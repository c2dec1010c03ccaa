import {
  type AnswerResult,
  isObject,
  type JsonBody,
  type Telling,
  type TellingTerms,
  typedEvent,
} from '@aisbf/openai';
import { readMessageEvent } from './message-answer.js';
import { messageErrorEvent } from './message-error.js';
import { readMessageUsage, toMessageUsage } from './message-usage.js';

/** Passes on what an upstream says that has the API itself, as it came; only an end of the market's own is told here. */
export function nativeMessage(terms: TellingTerms): Telling {
  const native = new NativeMessage(terms);
  return {
    whole: () => undefined,
    read: (data) => native.read(data),
    event: (data) => native.event(data),
    endEarly: ({ notice }) => native.endEarly(notice),
    done: () => typedEvent({ type: 'message_stop' }),
    failed: (error) => messageErrorEvent(error, terms.requestId),
  };
}

class NativeMessage {
  /** Counts are told in pieces: the prompt's at the beginning, the output's at the end. */
  private counts: JsonBody = {};
  private openIndex: number | undefined;

  constructor(private readonly terms: TellingTerms) {}

  read(data: string): AnswerResult {
    const result = readMessageEvent(data);
    if (result.kind !== 'answer') return result;
    const event: unknown = JSON.parse(data);
    if (!isObject(event)) return result;
    const usage = isObject(event.message) ? event.message.usage : event.usage;
    if (!isObject(usage)) return result;
    const told = Object.entries(usage).filter(([, value]) => value !== null);
    this.counts = { ...this.counts, ...Object.fromEntries(told) };
    const { answer } = result;
    return { kind: 'answer', answer: { ...answer, usage: readMessageUsage(this.counts) } };
  }

  event(data: string): undefined {
    const event: unknown = JSON.parse(data);
    if (!isObject(event)) return;
    if (event.type === 'content_block_start' && typeof event.index === 'number') {
      this.openIndex = event.index;
    }
    if (event.type === 'content_block_stop') this.openIndex = undefined;
  }

  endEarly(notice: string): string {
    const { openIndex: index } = this;
    const { promptTokens, outputTokens } = this.terms;
    const end = {
      type: 'message_delta',
      delta: { stop_reason: 'max_tokens', stop_sequence: null },
      usage: toMessageUsage({ promptTokens, completionTokens: outputTokens() }),
      x_aisbf: { notice },
    };
    const stop = index === undefined ? '' : typedEvent({ type: 'content_block_stop', index });
    return stop + typedEvent(end);
  }
}
