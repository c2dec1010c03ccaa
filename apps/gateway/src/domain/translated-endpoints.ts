import {
  messageDialect,
  messageFromChatDialect,
  messageProblem,
  messageToChat,
  withoutUnsignedThoughts,
} from '@aisbf/anthropic';
import {
  responseDialect,
  responseFromChatDialect,
  responseProblem,
  responseToChat,
} from '@aisbf/openai';
import type { TranslatedEndpoint } from './translated-work.js';

/** Whose responses are kept here, if at all: an upstream is never asked to keep one. */
export const responsesEndpoint: TranslatedEndpoint = {
  name: 'responses',
  problemOf: responseProblem,
  toChat: responseToChat,
  ownMembers: new Set(['store', 'previous_response_id']),
  addedMembers: { store: false },
  dialectOf: responseDialect,
  dialectFromChat: responseFromChatDialect,
};

/** The version of Anthropic's API that is spoken here. */
const anthropicVersion = '2023-06-01';

export const messagesEndpoint: TranslatedEndpoint = {
  name: 'messages',
  problemOf: messageProblem,
  toChat: messageToChat,
  ownMembers: new Set(),
  addedMembers: {},
  mended: withoutUnsignedThoughts,
  headersOf: ({ authorization }) => ({
    'anthropic-version': anthropicVersion,
    ...(authorization !== undefined && { 'x-api-key': authorization.replace(/^bearer\s+/i, '') }),
  }),
  dialectOf: messageDialect,
  dialectFromChat: messageFromChatDialect,
};

export const translatedEndpoints: readonly TranslatedEndpoint[] = [
  responsesEndpoint,
  messagesEndpoint,
];
