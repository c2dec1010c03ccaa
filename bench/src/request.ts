import type { Address } from './http-connection.js';

/** A whole answer, or a stream of events. */
export type AnswerKind = 'whole' | 'stream';

/** A prompt of an ordinary length, about a kilobyte with what is around it. */
const question = [
  'Our shop sells bicycles and repairs them. Last year we moved from paper to a small database, and',
  'since then every order has a row: who bought, what, when, for how much, and whether it was paid.',
  'The table has grown to two million rows, and the page that shows the orders of one customer takes',
  'four seconds to open. We have one index, on the number of the order. The machine has eight',
  'gigabytes of memory, half of which the database may use, and its disk is an ordinary SSD.',
  'The page asks for the last fifty orders of one customer, newest first, and counts how many of all',
  'orders of that customer are not paid yet. Which index or indexes should we add, in which order',
  'should their columns stand, and what would you look at before and after the change to be sure that',
  'it has helped and that writing an order has not become slower? Please answer in a short list.',
].join(' ');

export const messages = [
  { role: 'system', content: 'You answer briefly and to the point.' },
  { role: 'user', content: question },
] as const;

export type RequestOptions = Readonly<{
  address: Address;
  model: string;
  kind: AnswerKind;
  headers: Readonly<Record<string, string>>;
}>;

/** A chat completion as it goes over the wire. */
export function chatRequest({ address, model, kind, headers }: RequestOptions): Buffer {
  const body = JSON.stringify({
    model,
    messages,
    max_tokens: 200,
    ...(kind === 'stream' && { stream: true, stream_options: { include_usage: true } }),
  });
  const all = {
    'content-type': 'application/json',
    accept: kind === 'stream' ? 'text/event-stream' : 'application/json',
    ...headers,
  };
  return postRequest({ address, path: '/v1/chat/completions', headers: all }, Buffer.from(body));
}

export type PostRequest = Readonly<{
  address: Address;
  path: string;
  headers: Readonly<Record<string, string>>;
}>;

export function postRequest({ address, path, headers }: PostRequest, body: Buffer): Buffer {
  const all = {
    host: `${address.host}:${address.port}`,
    'content-length': String(body.length),
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([Buffer.from(`POST ${path} HTTP/1.1\r\n${lines.join('')}\r\n`), body]);
}
