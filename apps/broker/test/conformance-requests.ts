import { heartbeatAnswer, work } from './conformance-openings.js';
import type { Script } from './conformance-script.js';
import {
  ab,
  base64,
  body,
  chatPath,
  completion,
  delta,
  done,
  end,
  envelope,
  gets,
  getsStream,
  isAsked,
  isAskedToStream,
  isUnharmed,
  json,
  oldest,
  piece,
  prompt,
  says,
  today,
} from './conformance-words.js';

/** What becomes of requests that are not simply asked and answered. */
export const requestScripts: readonly Script[] = [
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
    { areQueued: 1 },
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
      headers: {
        'content-type': 'image/png',
        'content-disposition': "attachment; filename*=UTF-8''a.png",
      },
    }),
  ),
];

/** Every way in which a session may end. */
export const closingScripts: readonly Script[] = [
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
