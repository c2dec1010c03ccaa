import type { Script } from './conformance-script.js';
import {
  ab,
  answers,
  base64,
  breaks,
  completion,
  delta,
  done,
  end,
  envelope,
  gets,
  isAsked,
  isAskedToStream,
  isUnharmed,
  json,
  pending,
  piece,
  refuses,
  says,
  streams,
  text,
  today,
} from './conformance-words.js';

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

/** Every form in which a worker may answer. */
export const answerScripts: readonly Script[] = [...wholeAnswers, ...streamForms];
