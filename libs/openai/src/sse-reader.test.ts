import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { SseEventTooLarge, SseReader } from './sse-reader.js';

const bytesOf = (text: string) => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

function readAll(chunks: readonly Uint8Array[]) {
  const reader = new SseReader(1_000_000);
  const events = chunks.flatMap((chunk) => [...reader.push(chunk)]);
  const last = reader.end();
  return last ? [...events, last] : events;
}

describe(SseReader, () => {
  const stream =
    ': hello\n\ndata: {"a":"ü😀"}\n\nevent: x\r\ndata:1\r\ndata: 2\r\n\r\nid: 7\n\ndata: [DONE]\n\n';
  const datas = [undefined, '{"a":"ü😀"}', '1\n2', undefined, '[DONE]'];

  it('reads the same events whatever way the bytes are cut', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(bytesOf(stream).length), { maxLength: 12 }), (cuts) => {
        const bytes = bytesOf(stream);
        const borders = [0, ...cuts.sort((a, b) => a - b), bytes.length];
        const chunks = borders.slice(1).map((end, index) => bytes.subarray(borders[index], end));
        const events = readAll(chunks);
        expect(events.map(({ data }) => data)).toEqual(datas);
        expect(events.map((event) => textOf(event.bytes)).join('')).toBe(stream);
      }),
    );
  });

  it('reads the same events at every single split point', () => {
    const bytes = bytesOf(stream);
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      const events = readAll([bytes.subarray(0, cut), bytes.subarray(cut)]);
      expect(events.map(({ data }) => data)).toEqual(datas);
    }
  });

  it('gives the last event of a stream that ends without an empty line', () => {
    expect(readAll([bytesOf('data: 1\n\ndata: 2')]).map(({ data }) => data)).toEqual(['1', '2']);
  });

  it('refuses an event without end', () => {
    const reader = new SseReader(10);
    expect(() => reader.push(bytesOf('data: 1234567890'))).toThrow(SseEventTooLarge);
  });
});
