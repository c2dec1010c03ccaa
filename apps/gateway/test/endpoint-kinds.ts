import type { ServerResponse } from 'node:http';
import type { OpenAiEndpoint } from '@aisbf/contracts';
import { wav } from '@aisbf/testkit';
import { chunkEvent, completion, done, type GatewayBench, json, sse } from './gateway-bench.js';

/** One way to ask: where, with what, and how whoever serves it answers well. */
export type EndpointKind = Readonly<{
  name: string;
  path: string;
  isStream: boolean;
  isForm?: boolean;
  body: Readonly<Record<string, unknown>>;
  good: (response: ServerResponse) => void;
  /** What a buyer finds in a good answer. */
  sign: string;
  /** By which endpoint it is asked for, where that is another. */
  askedBy?: OpenAiEndpoint;
}>;

const whole = (body: string) => (response: ServerResponse) =>
  void response.writeHead(200, json).end(body);
const words = { choices: [{ index: 0, text: 'fine', finish_reason: 'stop' }] };
const textEvent = (text: string, finishReason: string | null = null) =>
  `data: ${JSON.stringify({ choices: [{ index: 0, text, finish_reason: finishReason }] })}\n\n`;
const media = '{"data":[{"b64_json":"ZmluZQ=="}]}';

export const kinds: readonly EndpointKind[] = [
  {
    name: 'chat',
    path: '/v1/chat/completions',
    isStream: false,
    body: { messages: [{ role: 'user', content: 'hello' }] },
    good: whole(completion('fine')),
    sign: 'fine',
  },
  {
    name: 'a stream of chat',
    path: '/v1/chat/completions',
    isStream: true,
    body: { messages: [{ role: 'user', content: 'hello' }], stream: true },
    good: (response) =>
      void response.writeHead(200, sse).end(chunkEvent({ content: 'fine' }, 'stop') + done),
    sign: 'fine',
  },
  {
    name: 'a completion',
    path: '/v1/completions',
    isStream: false,
    body: { prompt: 'hello' },
    good: whole(JSON.stringify(words)),
    sign: 'fine',
  },
  {
    name: 'a stream of a completion',
    path: '/v1/completions',
    isStream: true,
    body: { prompt: 'hello', stream: true },
    good: (response) => void response.writeHead(200, sse).end(textEvent('fine', 'stop') + done),
    sign: 'fine',
  },
  {
    name: 'an embedding',
    path: '/v1/embeddings',
    isStream: false,
    body: { input: 'hello' },
    good: whole('{"data":[{"embedding":[0.25],"index":0}],"object":"fine"}'),
    sign: 'fine',
  },
  {
    name: 'a verdict',
    path: '/v1/moderations',
    isStream: false,
    body: { input: 'hello' },
    good: whole('{"results":[{"flagged":false}],"id":"fine"}'),
    sign: 'fine',
  },
  {
    name: 'a ranking',
    path: '/v1/rerank',
    isStream: false,
    body: { query: 'hello', documents: ['a'] },
    good: whole('{"results":[{"index":0,"relevance_score":1}],"id":"fine"}'),
    sign: 'fine',
  },
  {
    name: 'a picture',
    path: '/v1/images/generations',
    isStream: false,
    body: { prompt: 'a cat' },
    good: whole(media),
    sign: 'ZmluZQ==',
  },
  {
    name: 'a stream of a picture',
    path: '/v1/images/generations',
    isStream: true,
    body: { prompt: 'a cat', stream: true },
    good: (response) =>
      void response
        .writeHead(200, sse)
        .end('data: {"type":"image_generation.completed","b64_json":"ZmluZQ=="}\n\n'),
    sign: 'ZmluZQ==',
  },
  {
    name: 'a picture that is changed',
    path: '/v1/images/edits',
    isStream: false,
    isForm: true,
    body: { prompt: 'a cat', image: new Blob(['a picture']) },
    good: whole(media),
    sign: 'ZmluZQ==',
  },
  {
    name: 'a film',
    path: '/v1/video/generations',
    isStream: false,
    body: { prompt: 'a cat' },
    good: whole(media),
    sign: 'ZmluZQ==',
  },
  {
    name: 'speech',
    path: '/v1/audio/speech',
    isStream: false,
    body: { input: 'hello', voice: 'alloy' },
    good: (response) => void response.writeHead(200, { 'content-type': 'audio/wav' }).end(wav(1)),
    sign: 'RIFF',
  },
  {
    name: 'a transcript',
    path: '/v1/audio/transcriptions',
    isStream: false,
    isForm: true,
    body: { file: new Blob([wav(1)], { type: 'audio/wav' }) },
    good: whole('{"text":"fine"}'),
    sign: 'fine',
  },
];

/** Asks as a buyer does. */
export function ask(
  { url, apiToken }: GatewayBench,
  kind: EndpointKind,
  change: Readonly<Record<string, unknown>> = {},
  init: RequestInit = {},
): Promise<Response> {
  const fields: Readonly<Record<string, unknown>> = { model: 'p/m', ...kind.body, ...change };
  const authorization = `Bearer ${apiToken}`;
  if (!kind.isForm) {
    const headers = { authorization, 'content-type': 'application/json' };
    const body = JSON.stringify(fields);
    return fetch(`${url}${kind.path}`, { method: 'POST', headers, body, ...init });
  }
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) {
    if (value instanceof Blob) form.append(name, value);
    else if (value !== undefined) form.append(name, String(value));
  }
  return fetch(`${url}${kind.path}`, {
    method: 'POST',
    headers: { authorization },
    body: form,
    ...init,
  });
}
