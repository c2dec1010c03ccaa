import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  attachmentsMax,
  binaryMessage,
  headBytesMax,
  readBinaryMessage,
} from './binary-message.js';
import { readBinaryFromWorker } from './frame-from-worker.js';
import { binaryWorkFrame } from './frame-to-worker.js';
import { type ProxyBody, proxyPayload } from './work-payload.js';
import { readBinaryBrokerFrame } from './worker-inbound.js';
import { answerFrame, binaryWorkerFrame, chunkFrame } from './worker-outbound.js';

const some = fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 5 });
const toBuffers = (arrays: readonly Uint8Array[]) => arrays.map((array) => Buffer.from(array));

/** A message with this head, whatever its bytes are. */
function message(head: string | Buffer, rest: Buffer = Buffer.alloc(0), stated?: number): Buffer {
  const bytes = Buffer.from(head);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(stated ?? bytes.length);
  return Buffer.concat([length, bytes, rest]);
}

describe(readBinaryMessage, () => {
  it('gives back what was written, in parts of the message itself', () => {
    const property = fc.property(fc.string({ unit: 'grapheme' }), some, (text, arrays) => {
      const attachments = toBuffers(arrays);
      const head = { text, attachments: attachments.map(({ length }) => length) };
      const written = binaryMessage(JSON.stringify(head), attachments);
      const read = readBinaryMessage(written);
      expect(read?.head).toEqual(head);
      expect(read?.attachments).toEqual(attachments);
      for (const part of read?.attachments ?? []) expect(part.buffer).toBe(written.buffer);
    });
    fc.assert(property);
  });

  it('reads no message that is a byte shorter or longer than its head says', () => {
    const property = fc.property(some, fc.nat(), (arrays, place) => {
      const attachments = toBuffers(arrays);
      const head = JSON.stringify({ attachments: attachments.map(({ length }) => length) });
      const written = binaryMessage(head, attachments);
      expect(readBinaryMessage(written.subarray(0, place % written.length))).toBeUndefined();
      expect(readBinaryMessage(Buffer.concat([written, Buffer.from('x')]))).toBeUndefined();
    });
    fc.assert(property);
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['less than a length', Buffer.from([0, 0, 0])],
    ['a head that is not there', message('{}', undefined, 3)],
    ['a head beyond all limits', message('{"attachments":[]}', undefined, 0xffffffff)],
    ['a long head', message(`{"attachments":[],"x":"${'x'.repeat(headBytesMax)}"}`)],
    ['a head that is no JSON', message('{"attachments":[]')],
    ['a head that is no object', message('[]')],
    ['a head that is no UTF-8', message(Buffer.from('{"attachments":[],"x":"\xff"}', 'latin1'))],
    ['no attachments named', message('{}')],
    ['attachments that are no list', message('{"attachments":{"0":0}}')],
    ['a negative length', message('{"attachments":[-1,1]}')],
    ['half a length', message('{"attachments":[0.5,0.5]}', Buffer.from('x'))],
    ['a length in words', message('{"attachments":["1"]}', Buffer.from('x'))],
    ['lengths that overflow', message('{"attachments":[9007199254740991,9007199254740991]}')],
    ['too many', message(JSON.stringify({ attachments: Array(attachmentsMax + 1).fill(0) }))],
  ])('does not read %s', (_what, bytes) => {
    expect(readBinaryMessage(bytes)).toBeUndefined();
    expect(readBinaryFromWorker(bytes)).toEqual({
      type: 'unreadable',
      reason: 'binary_malformed',
    });
    expect(readBinaryBrokerFrame(bytes)).toMatchObject({ kind: 'unreadable' });
  });
});

describe('a request to the worker', () => {
  const head = { path: '/v1/audio/x', method: 'POST', headers: {}, query: {}, isStream: false };
  const work = { op: 'proxy', requestId: 'r', providerName: 'p', clientId: 'c' } as const;
  const send = (body: ProxyBody) => {
    const { attached } = proxyPayload({ ...head, contentType: 'a/b' }, body);
    if (!attached) return undefined;
    const frame = Buffer.concat(binaryWorkFrame({ ...work, ...head }, attached));
    expect(attached.length).toBeLessThanOrEqual(frame.length);
    const read = readBinaryBrokerFrame(frame);
    if (read.kind !== 'work') throw new Error(JSON.stringify(read));
    expect(JSON.parse(read.payloadText)).toEqual(read.payload);
    return read;
  };

  it('has its bytes beside it, and says where', () => {
    const bytes = Buffer.from([0, 255, 34, 92]);
    const read = send({ type: 'bytes', bytes });
    expect(read?.payload).toMatchObject({ content_type: 'a/b', body_attachment: 0 });
    expect(read?.payload).not.toHaveProperty('body_base64');
    expect(read?.attachments).toEqual([bytes]);
  });

  it('has the files of a form beside it, in their order', () => {
    const part = (name: string, filename: string | undefined, text: string) => {
      return { name, filename, contentType: undefined, bytes: Buffer.from(text) };
    };
    const parts = [part('f', 'a', 'first'), part('model', undefined, 'm'), part('f', 'b', '')];
    const read = send({ type: 'form', parts });
    expect(read?.payload.multipart).toMatchObject({
      fields: [{ name: 'model', value: 'm' }],
      files: [{ data_attachment: 0 }, { data_attachment: 1 }],
    });
    expect(read?.attachments.map(String)).toEqual(['first', '']);
  });

  it('has JSON beside it where that is long', () => {
    const text = Buffer.from(JSON.stringify({ a: 'é'.repeat(10_000) }));
    const read = send({ type: 'json', text });
    expect(read?.payload).toMatchObject({ content_type: 'a/b', body_attachment: 0 });
    expect(read?.payload).not.toHaveProperty('body');
    expect(read?.attachments).toEqual([text]);
  });

  it('is text where it has no bytes, or a head that would be too long', () => {
    expect(send({ type: 'none' })).toBeUndefined();
    expect(send({ type: 'json', text: Buffer.from('{}') })).toBeUndefined();
    const long = Buffer.alloc(headBytesMax, 'x');
    const field = { name: 'a', filename: undefined, contentType: undefined, bytes: long };
    const file = { ...field, filename: 'f', bytes: Buffer.from('x') };
    expect(send({ type: 'form', parts: [field, file] })).toBeUndefined();
  });
});

describe('an answer of the worker', () => {
  const bytes = Buffer.from([0, 255, 34, 92]);
  const read = (frame: Parameters<typeof binaryWorkerFrame>[0], attachments = [bytes]) => {
    const found = readBinaryFromWorker(binaryWorkerFrame(frame, attachments));
    return found.type === 'answer' ? found.answer : found;
  };
  const http = { status_code: 200, headers: {}, content_type: 'image/png' };
  const metrics = { elapsed_ms: 1 };

  it('has its body beside it', () => {
    const answer = read(answerFrame('r', { ...http, body_attachment: 0 }, metrics));
    const reply = { status: 200, contentType: 'image/png', body: bytes };
    expect(answer).toMatchObject({ type: 'reply', reply });
  });

  it('comes in pieces, of which the first has the head', () => {
    const head = { ...http, filename: 'a.png', content_length: 4 };
    expect(read(chunkFrame('r', 0, { data_attachment: 0 }, head))).toEqual({
      type: 'chunks',
      chunks: [{ type: 'bytes', bytes }],
      sequence: 0,
      head: { status: 200, contentType: 'image/png', contentLength: 4, filename: 'a.png' },
    });
    expect(read(chunkFrame('r', 1, { data_attachment: 0 }))).toEqual({
      type: 'chunks',
      chunks: [{ type: 'bytes', bytes }],
      sequence: 1,
    });
  });

  it.each([
    ['a body that is not there', answerFrame('r', { ...http, body_attachment: 1 }, metrics)],
    ['a body of no number', answerFrame('r', { ...http, body_attachment: 'length' }, metrics)],
    ['a piece that is not there', chunkFrame('r', 0, { data_attachment: -1 })],
    [
      'a head without status',
      chunkFrame('r', 0, { data_attachment: 0 }, { ...http, status_code: 7 }),
    ],
    [
      'a head without a body',
      chunkFrame('r', 0, { data_attachment: 0 }, { ...http, status_code: 204 }),
    ],
    [
      'a head with an odd length',
      chunkFrame('r', 0, { data_attachment: 0 }, { ...http, content_length: -1 }),
    ],
  ])('fails its own request by %s', (_what, frame) => {
    expect(read(frame)).toMatchObject({ type: 'malformed' });
  });
});
