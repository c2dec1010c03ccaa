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
