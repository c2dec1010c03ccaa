import { expect } from '@jest/globals';
import {
  everywhere,
  heartbeatAnswer,
  oldestOpening,
  todaysOpening,
  work,
} from './conformance-openings.js';
import type { Script, Step } from './conformance-script.js';
import { openProvider } from './fake-peers.js';

const base64 = (text: string) => Buffer.from(text).toString('base64');
const delta = (content: string) => `data: {"choices":[{"delta":{"content":"${content}"}}]}\n\n`;
const done = 'data: [DONE]\n\n';
const completion = { id: 'c', object: 'chat.completion', choices: [{ index: 0 }], usage: {} };
const text = JSON.stringify(completion);
const prompt = { model: 'model-a', messages: [{ role: 'user', content: 'Hé 🎉' }], x_own: [1] };
const body = JSON.stringify(prompt);

const chatPath = '/v1/chat/completions';
const isAsked: readonly Step[] = [
  { asks: 'buyer', call: { body } },
  { hears: work('chat.completions', 'POST', chatPath, { payload: prompt }), as: 'chat' },
];
const streamPrompt = { ...prompt, stream: true };
const isAskedToStream: readonly Step[] = [
  { asks: 'buyer', call: { body: JSON.stringify(streamPrompt), isStream: true } },
  {
    hears: work('chat.completions', 'POST', chatPath, { payload: streamPrompt, stream: true }),
    as: 'chat',
  },
];
const says = (answer: object, of = '$chat'): Step => ({
  sends: { v: 1, request_id: of, ...answer },
});
const piece = (payload: object, event = 'chunk') => says({ event, status: 'ok', payload });
const end = (event = 'done') => says({ event, status: 'ok', payload: {} });
const pending = says({
  event: 'pending',
  status: 'pending',
  payload: { message: 'loading', estimated_timeout: 300 },
});
const gets = (answer: Extract<Step, { gets: string }>['answer']): Step => ({
  gets: 'buyer',
  answer,
});
const getsStream = (whole: string) => gets({ status: 200, text: whole, isCut: false });
const getsCut = (part: string) => gets({ status: 200, text: part, isCut: true });
/** A request that is answered as usual: whatever came before it has harmed nothing. */
const isUnharmed: readonly Step[] = [
  { asks: 'next', call: { body } },
  { hears: work('chat.completions', 'POST', chatPath, { payload: prompt }), as: 'next' },
  says({ status: 'ok', payload: completion, metrics: { elapsed_ms: 5 } }, '$next'),
  { gets: 'next', answer: { status: 200, text } },
];

const play = (name: string, opening: readonly Step[], steps: readonly Step[]): Script => ({
  name,
  provider: openProvider,
  handshake: everywhere,
  steps: [...opening, ...steps],
});
const today = (name: string, ...steps: readonly (Step | readonly Step[])[]) =>
  play(name, todaysOpening, steps.flat());
const oldest = (name: string, ...steps: readonly (Step | readonly Step[])[]) =>
  play(name, oldestOpening, steps.flat());
const streams = (name: string, whole: string, ...steps: readonly Step[]) =>
  today(name, isAskedToStream, steps, getsStream(whole), isUnharmed);
const breaks = (name: string, part: string, ...steps: readonly Step[]) =>
  today(name, isAskedToStream, steps, getsCut(part), isUnharmed);
const answers = (name: string, answer: Step, expected: Parameters<typeof gets>[0]) =>
  today(name, isAsked, answer, gets(expected), isUnharmed);
const refuses = (name: string, error: object, status: number, fault?: string) =>
  answers(name, says({ status: 'error', ...error }), { status, fault });

const envelope = (payload: object) => says({ status: 'ok', payload });
const json = { status: 200, text };

const wholeAnswers: readonly Script[] = [
  answers('the body itself', envelope(completion), json),
  answers(
    'an HTTP envelope with text',
    envelope({ status_code: 200, headers: {}, content_type: 'application/json', body: text }),
    json,
  ),
  answers(
    'an HTTP envelope with an object',
    envelope({ status_code: 200, body: completion }),
    json,
  ),
  answers(
    'binary',
    envelope({ status_code: 200, content_type: 'image/png', body_base64: base64('\u0000\u0001é') }),
    { status: 200, text: '\u0000\u0001é' },
  ),
  answers(
    "the engine's own refusal",
    envelope({ status_code: 422, headers: { 'Retry-After': '9' }, body: '{"error":{"code":"x"}}' }),
    { status: 422, fault: undefined, text: '{"error":{"code":"x"}}' },
  ),
  today('pending, and then an answer', isAsked, pending, pending, envelope(completion), gets(json)),
  refuses(
    'an error as a string',
    { error: 'no', code: 'model_not_found', details: {} },
    404,
    undefined,
  ),
  refuses('an error as an object', { error: { code: 'model_not_found', message: 'no' } }, 404),
  refuses(
    'a failed engine',
    { error: { code: 'stream_error', message: 'no' } },
    502,
    'WORKER_FAILED',
  ),
  refuses(
    'an operation that it does not know',
    { error: 'no', code: 'unsupported_operation' },
    404,
    'WORKER_ENDPOINT_UNSUPPORTED',
  ),
  refuses(
    'an endpoint that it does not serve',
    { error: { code: 'unsupported_endpoint', message: 'no', details: { path: '/v1' } } },
    404,
    'WORKER_ENDPOINT_UNSUPPORTED',
  ),
  answers('an event that nobody knows', piece({}, 'tomorrow'), { status: 502 }),
  answers('a payload that is no answer', envelope({ status_code: 'two hundred' }), { status: 502 }),
];

const ab = `${delta('a')}${delta('b')}${done}`;
const event = { choices: [{ delta: { content: 'a' } }], x_queue_info: { position: 2 } };
const streamForms: readonly Script[] = [
  ...['chunk', 'progress', 'output', 'log', 'data'].map((name) =>
    streams(`pieces named ${name}`, ab, piece({ chunk: ab }, name), end()),
  ),
  streams('an end named completed', ab, piece({ chunk: ab }), end('completed')),
  streams(
    'events that are cut anywhere, in numbered pieces, with a pending before them',
    ab,
    pending,
    piece({ chunk: ab.slice(0, 3), sequence: 0 }),
    piece({ chunk: ab.slice(3, 61), sequence: 1 }),
    piece({ chunk: ab.slice(61), sequence: 2 }),
    end(),
  ),
  streams(
    'pieces in base64, cut in the middle of a character',
    `${delta('é')}${done}`,
    piece({ chunk: { data_base64: Buffer.from(delta('é')).subarray(0, 39).toString('base64') } }),
    piece({ chunk: { encoding: 'base64', data: Buffer.from(delta('é')).toString('base64', 39) } }),
    end(),
  ),
  streams(
    'pieces as text, with the [DONE] added',
    ab,
    piece({ chunk: { text: ab.slice(0, -14) } }),
    end(),
  ),
  streams('lists of pieces', ab, piece({ chunks: [delta('a'), { text: delta('b') }] }), end()),
  streams(
    'pieces that are events, a notice of the queue among them',
    `data: ${JSON.stringify(event)}\n\n${done}`,
    piece({ chunk: event }),
    end(),
  ),
  streams(
    'a whole stream as one answer',
    ab,
    envelope({ status_code: 200, stream: true, body: ab }),
  ),
  breaks(
    'a gap in the numbers',
    delta('a'),
    piece({ chunk: delta('a'), sequence: 1 }),
    piece({ chunk: delta('b'), sequence: 3 }),
  ),
  breaks(
    'a step back in the numbers',
    delta('a'),
    piece({ chunk: delta('a'), sequence: 1 }),
    piece({ chunk: delta('b'), sequence: 1 }),
  ),
  breaks(
    'an error in the middle',
    delta('a'),
    piece({ chunk: delta('a') }),
    says({ status: 'error', error: { code: 'stream_error', message: 'm' } }),
  ),
  breaks(
    'an end in the middle of an event',
    'data: {"choices":',
    piece({ chunk: 'data: {"choices":' }),
    end(),
  ),
  ...['{"error":{"message":"Server busy"}}', 'data: {"error":{"message":"Server busy"}}\n\n'].map(
    (first) =>
      today(
        `an error as the first piece: ${first.slice(0, 6)}`,
        isAskedToStream,
        piece({ chunk: first.slice(0, 9) }),
        piece({ chunk: first.slice(9) }),
        end(),
        gets({ status: 503, fault: undefined, text: '{"error":{"message":"Server busy"}}' }),
        isUnharmed,
      ),
  ),
];

const manners: readonly Script[] = [
  today(
    'words about a request that is over, and of one that was never asked, are dropped',
    isAskedToStream,
    piece({ chunk: ab }),
    end(),
    piece({ chunk: delta('late') }),
    end(),
    says({ status: 'ok', payload: completion }, 'req_of_somebody.1'),
    says({ event: 'done' }, 'req_of_somebody.2'),
    getsStream(ab),
    isUnharmed,
  ),
  today(
    'requests are answered in another order than they were asked',
    isAsked,
    { asks: 'second', call: { body } },
    { hears: work('chat.completions', 'POST', chatPath, { payload: prompt }), as: 'second' },
    says({ status: 'ok', payload: { choices: [2] } }, '$second'),
    { gets: 'second', answer: { status: 200, text: '{"choices":[2]}' } },
    says({ status: 'ok', payload: { choices: [1] } }),
    gets({ status: 200, text: '{"choices":[1]}' }),
  ),
  today(
    'a worker that cannot cancel hears nothing of a buyer that left',
    isAskedToStream,
    piece({ chunk: delta('a') }),
    { hangsUp: 'buyer' },
    piece({ chunk: delta('b') }),
    end(),
    isUnharmed,
  ),
  today(
    'an operation of the worker is not answered',
    { sends: { v: 1, op: 'run', request_id: 'x' } },
    isUnharmed,
  ),
  oldest(
    'the oldest client is asked one thing at a time, and streams in its own words',
    isAskedToStream,
    { asks: 'second', call: { body } },
    piece({ data: delta('a') }, 'stream'),
    end('stream_end'),
    getsStream(`${delta('a')}${done}`),
    { hears: work('chat.completions', 'POST', chatPath, { payload: prompt }), as: 'second' },
    says({ status: 'ok', payload: completion }, '$second'),
    { gets: 'second', answer: json },
  ),
  today(
    'any other endpoint is asked for as a proxy',
    {
      asks: 'buyer',
      call: { path: '/v1/images/generations?size=1', body, headers: { accept: 'image/png' } },
    },
    {
      hears: work('proxy', 'POST', '/v1/images/generations', {
        payload: {
          endpoint_path: 'v1/images/generations',
          method: 'POST',
          headers: {
            accept: 'image/png',
            'content-type': 'application/json',
            'x-request-id': 'req_1',
          },
          query_params: { size: '1' },
          stream: false,
          content_type: 'application/json',
          body: prompt,
        },
      }),
      as: 'chat',
    },
    envelope({
      status_code: 200,
      content_type: 'image/png',
      filename: 'a.png',
      body_base64: base64('image'),
    }),
    gets({
      status: 200,
      text: 'image',
      headers: expect.objectContaining({
        'content-type': 'image/png',
        'content-disposition': "attachment; filename*=UTF-8''a.png",
      }),
    }),
  ),
];

const closings: readonly Script[] = [
  today('a worker that leaves is answered with its own code', { leaves: 1000 }),
  today(
    'ten unreadable frames are too many, and harm no request before that',
    isAsked,
    { sends: 'no json', times: 3 },
    { sends: '[1]', times: 2 },
    { sends: { v: 1, status: 'ok' }, times: 2 },
    { sends: Buffer.of(0xff, 0), times: 2 },
    envelope(completion),
    gets(json),
    { sends: '{' },
    { isClosed: { code: 1007, reason: 'unreadable_frames' } },
  ),
  today(
    'a frame that is larger than any may be',
    { sends: 'x'.repeat(70_000) },
    { isClosed: { code: 1009 } },
  ),
  today(
    'a worker that beats without end',
    // With its register that is one more than it may.
    { sends: { v: 1, op: 'heartbeat', request_id: 'x' }, times: 20 },
    { hears: heartbeatAnswer('x'), times: 19 },
    { isClosed: { code: 1013, reason: 'flooding' } },
  ),
  today(
    'a newer connection of the same worker',
    isAsked,
    { isReplaced: true },
    { isClosed: { code: 4001, reason: 'superseded' } },
    gets({ status: 502, fault: 'WORKER_DISCONNECTED' }),
  ),
  today(
    'a registration that is taken away',
    isAsked,
    { isRevoked: true },
    { isClosed: { code: 4003, reason: 'revoked' } },
    gets({ status: 502, fault: 'WORKER_DISCONNECTED' }),
  ),
];

/** Every form in which a worker may answer, and every way in which a session may end. */
export const answerScripts: readonly Script[] = [...wholeAnswers, ...streamForms, ...manners];
export const closingScripts: readonly Script[] = closings;
