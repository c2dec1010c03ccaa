import { readChatEvent } from './chat-answer.js';
import { chatDialect, type Dialect } from './dialect.js';
import type { JsonBody } from './json-body.js';
import { readResponseAnswer, readResponseEvent } from './response-answer.js';
import { nativeResponse } from './response-native.js';
import { ResponseTeller } from './response-teller.js';
import { chatTelling } from './telling.js';

/** Answers to this request by an upstream that has the Responses API itself. */
export function responseDialect(body: JsonBody): Dialect {
  return {
    ...chatDialect,
    readWhole: readResponseAnswer,
    readEvent: readResponseEvent,
    telling: (terms) => nativeResponse(body, terms),
  };
}

/** Answers to it by an upstream that was asked to chat. */
export function responseFromChatDialect(body: JsonBody): Dialect {
  return {
    ...chatDialect,
    telling: (terms) => chatTelling(readChatEvent, new ResponseTeller(body, terms)),
  };
}
