import {
  chatDialect,
  chatTelling,
  type Dialect,
  type JsonBody,
  readChatEvent,
} from '@aisbf/openai';
import { readMessage, readMessageEvent } from './message-answer.js';
import { nativeMessage } from './message-native.js';
import { MessageTeller } from './message-teller.js';

/** Answers by an upstream that has Anthropic's API itself. */
export function messageDialect(): Dialect {
  return {
    ...chatDialect,
    readWhole: readMessage,
    readEvent: readMessageEvent,
    telling: nativeMessage,
  };
}

/** Answers to this request by an upstream that was asked to chat. */
export function messageFromChatDialect(body: JsonBody): Dialect {
  return {
    ...chatDialect,
    telling: (terms) => chatTelling(readChatEvent, new MessageTeller(body, terms)),
  };
}
