import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { AnswerReader } from './answer-reader.js';

const whole = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 4\r\n\r\n{"a"';
const events = ['data: 1\n\n', 'data: 2\n', '\ndata: ', '3\n\n: ping\n\n', 'data: [DONE]\n\n'];
const streamed = [
  'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nconnection: keep-alive\r\n\r\n',
  ...events.map((event) => `${event.length.toString(16)}\r\n${event}\r\n`),
  '0\r\n\r\n',
].join('');

function read(parts: readonly string[]): AnswerReader {
  const reader = new AnswerReader();
  for (const part of parts) reader.push(Buffer.from(part));
  return reader;
}

/** The text in pieces that end at these places. */
function cut(text: string, places: readonly number[]): string[] {
  const ends = [...new Set(places.map((place) => place % text.length)), text.length];
  let start = 0;
  return ends
    .toSorted((a, b) => a - b)
    .map((end) => {
      const piece = text.slice(start, end);
      start = end;
      return piece;
    });
}

describe(AnswerReader, () => {
  it('reads an answer that says its length', () => {
    const reader = read([whole]);
    expect(reader.isComplete).toBe(true);
    expect(reader.answer).toEqual({ status: 200, bodyBytes: 4, events: 0 });
  });

  it('counts the events of a stream, wherever the network cuts it', () => {
    fc.assert(
      fc.property(fc.array(fc.nat()), (places) => {
        const reader = read(cut(streamed, places));
        expect(reader.isComplete).toBe(true);
        expect(reader.answer).toEqual({
          status: 200,
          bodyBytes: events.join('').length,
          events: 5,
        });
      }),
    );
  });

  it('shows the body on its way, with the events that have ended so far', () => {
    fc.assert(
      fc.property(fc.array(fc.nat()), (places) => {
        const pieces: string[] = [];
        const reader = new AnswerReader((piece, count) => {
          pieces.push(piece.toString());
          expect(count).toBe(pieces.join('').split('\n\n').length - 1);
        });
        for (const part of cut(streamed, places)) reader.push(Buffer.from(part));
        expect(pieces.join('')).toBe(events.join(''));
      }),
    );
  });

  it('is complete with the last byte and not before', () => {
    for (const text of [whole, streamed]) {
      expect(read([text.slice(0, -1)]).isComplete).toBe(false);
    }
  });

  it('knows when the server will close the connection', () => {
    const head = 'HTTP/1.1 503 No\r\nConnection: close\r\ncontent-length: 0\r\n\r\n';
    const reader = read([head]);
    expect(reader.isComplete).toBe(true);
    expect(reader.staysOpen).toBe(false);
    expect(reader.answer.status).toBe(503);
  });

  it('refuses what is no answer, and more than one', () => {
    expect(() => read(['SSH-2.0\r\n\r\n'])).toThrow('no answer');
    expect(() => read(['HTTP/1.1 200 OK\r\n\r\n'])).toThrow('neither');
    expect(() => read([whole, 'x'])).toThrow('More came');
  });
});
