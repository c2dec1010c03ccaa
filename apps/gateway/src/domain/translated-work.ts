import type { OpenAiEndpoint } from '@aisbf/contracts';
import { Prompt } from '@aisbf/metering';
import {
  type AsChat,
  chatProblem,
  type Dialect,
  hasTools,
  type JsonBody,
  omitting,
  promptInputs,
  type RequestProblem,
  replaceModel,
  toChatRequest,
  withoutMembers,
} from '@aisbf/openai';
import { hashOf, jsonBody, type ReadingTerms, readAt } from './json-work.js';
import { readRouteWishes } from './route-wishes.js';
import type { Work, WorkForm } from './work.js';

/** An endpoint whose requests can be said in the words of chat too: counted so, and sent so where it is lacking. */
export type TranslatedEndpoint = Readonly<{
  name: OpenAiEndpoint;
  problemOf: (body: JsonBody) => RequestProblem | undefined;
  toChat: (body: JsonBody) => AsChat;
  /** What of a request is the market's business and no upstream's. */
  ownMembers: ReadonlySet<string>;
  /** What upstreams that have the API are told besides. */
  addedMembers: JsonBody;
  /** Of a request that cannot go to them as it came; undefined where it can. */
  mended?: (body: JsonBody) => JsonBody | undefined;
  /** What opens their door, where that is not what opens others'. */
  headersOf?: WorkForm['headersOf'];
  dialectOf: (body: JsonBody) => Dialect;
  dialectFromChat: (body: JsonBody) => Dialect;
}>;

/** Metadata is for whoever is asked; as a part of chat it is known to few, and refused by some. */
const unsentInChat: ReadonlySet<string> = new Set(['metadata']);

/** Reads a request, or says what is wrong with it, or what of it cannot be had. */
export function readTranslatedWork(
  endpoint: TranslatedEndpoint,
  written: string,
  { place, sessionHeader, signalLimits }: ReadingTerms,
): Work | RequestProblem {
  const read = readAt(place, endpoint, written);
  if ('code' in read) return read;
  const { text, body } = read;
  const translated = endpoint.toChat(body);
  if ('problem' in translated) return translated.problem;
  const { chat } = translated;
  const wrong = chatProblem(chat);
  if (wrong) return wrong;
  const wishes = readRouteWishes(chat, sessionHeader);
  if ('code' in wishes) return wishes;
  const request = { ...toChatRequest(chat), hasUsageChunk: true };
  const mended = endpoint.mended?.(body);
  const sent = mended ? JSON.stringify(mended) : text;
  const asIs = nativeText(endpoint, sent, wishes.ownMembers);
  const asChat = chatText(chat, wishes.ownMembers);
  return {
    endpoint: endpoint.name,
    request,
    wishes,
    prompt: new Prompt(chat),
    given: {},
    inputs: promptInputs(chat),
    hasTools: hasTools(chat),
    bodyBytes: Math.max(Buffer.byteLength(asIs), Buffer.byteLength(asChat)),
    hash: () => hashOf(endpoint.name, text),
    bodyFor: (model) => jsonBody(() => replaceModel(asIs, model)),
    dialect: endpoint.dialectOf(body),
    ...(endpoint.headersOf && { headersOf: endpoint.headersOf }),
    substitute: {
      endpoint: 'chat.completions',
      bodyFor: (model) => jsonBody(() => replaceModel(asChat, model)),
      dialect: endpoint.dialectFromChat(body),
    },
    signalLimits,
  };
}

/** As it came, but for what is nobody else's business. */
function nativeText(
  { ownMembers, addedMembers }: TranslatedEndpoint,
  text: string,
  wished: ReadonlySet<string>,
): string {
  const sent = withoutMembers(text, new Set([...ownMembers, ...wished]));
  const added = JSON.stringify(addedMembers).slice(1, -1);
  return added === '' ? sent : sent.replace('{', () => `{${added},`);
}

function chatText(chat: JsonBody, wished: ReadonlySet<string>): string {
  return JSON.stringify({
    ...omitting(chat, new Set([...wished, ...unsentInChat])),
    // What the upstream has counted is told to the buyer in every stream of these.
    ...(chat.stream === true && { stream_options: { include_usage: true } }),
  });
}
