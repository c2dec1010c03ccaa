import { fakeMessage, fakeResponse } from '@aisbf/testkit';
import type { EndpointKind } from './endpoint-kinds.js';
import { chunkEvent, completion, done, json, sse } from './gateway-bench.js';

type Events = ReturnType<typeof fakeResponse>['events'];

const asked = { input: 'hello' };
const said = { max_tokens: 9, messages: [{ role: 'user', content: 'hello' }] };
const events = (all: Events) =>
  all.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join('');

const wholeChat: EndpointKind['good'] = (response) =>
  void response.writeHead(200, json).end(completion('fine'));
const streamedChat: EndpointKind['good'] = (response) =>
  void response.writeHead(200, sse).end(chunkEvent({ content: 'fine' }, 'stop') + done);

/** The APIs whose streams have types, of who has them and of who is asked to chat in their stead. */
export const typedKinds: readonly EndpointKind[] = [
  ['a response', '/v1/responses', asked, fakeResponse(['fine'])] as const,
  ['a message', '/v1/messages', said, fakeMessage(['fine'])] as const,
].flatMap(([name, path, body, answer]): readonly EndpointKind[] => {
  const whole = { path, body, isStream: false, sign: 'fine' };
  const streamed = { path, body: { ...body, stream: true }, isStream: true, sign: 'fine' };
  const good: EndpointKind['good'] = (response) =>
    void response.writeHead(200, json).end(JSON.stringify(answer.whole));
  const goodStream: EndpointKind['good'] = (response) =>
    void response.writeHead(200, sse).end(events(answer.events));
  const askedBy = 'chat.completions';
  return [
    { name, ...whole, good },
    { name: `${name} in events`, ...streamed, good: goodStream },
    { name: `${name} of a chat`, ...whole, good: wholeChat, askedBy },
    { name: `${name} of a chat in events`, ...streamed, good: streamedChat, askedBy },
  ];
});

/** The older completions of whoever is asked to chat. */
export const olderKinds: readonly EndpointKind[] = [
  {
    name: 'a completion of a chat',
    ...{ path: '/v1/completions', body: { prompt: 'hello' }, isStream: false, sign: 'fine' },
    ...{ good: wholeChat, askedBy: 'chat.completions' },
  },
  {
    name: 'a stream of a completion of a chat',
    ...{ path: '/v1/completions', body: { prompt: 'hello', stream: true }, isStream: true },
    ...{ sign: 'fine', good: streamedChat, askedBy: 'chat.completions' },
  },
];

/** One word of a stream, by the name of its kind. */
export const typedWords: readonly (readonly [string, (text: string) => string])[] = [
  [
    'a response in events',
    (delta) => events([{ type: 'response.output_text.delta', output_index: 0, delta }]),
  ],
  [
    'a message in events',
    (text) => {
      const delta = { type: 'text_delta', text };
      return events([{ type: 'content_block_delta', index: 0, delta }]);
    },
  ],
  ['a stream of a completion of a chat', (content) => chunkEvent({ content })],
  ['a response of a chat in events', (content) => chunkEvent({ content })],
  ['a message of a chat in events', (content) => chunkEvent({ content })],
];
