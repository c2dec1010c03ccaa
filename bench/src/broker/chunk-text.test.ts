import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { chunkText, StampReader } from './chunk-text.js';

const timesUs = fc.array(fc.nat({ max: 999_999_999_999 }), { maxLength: 20 });

describe(StampReader, () => {
  it('reads every time that was written, wherever the network cuts the stream', () => {
    fc.assert(
      fc.property(timesUs, fc.array(fc.nat()), (times, places) => {
        const text = `${times.map(chunkText).join('')}data: [DONE]\n\n`;
        const ends = [...places.map((place) => place % text.length), text.length];
        const reader = new StampReader();
        let start = 0;
        const read = ends
          .toSorted((a, b) => a - b)
          .flatMap((end) => {
            const piece = text.slice(start, end);
            start = end;
            return reader.push(Buffer.from(piece));
          });
        expect(read).toEqual(times);
      }),
    );
  });

  it('finds none in what has none', () => {
    expect(new StampReader().push(Buffer.from(': ping\n\ndata: {"at":1}\n\n'))).toEqual([]);
  });
});

describe(chunkText, () => {
  it('is one event of JSON, always of the same length', () => {
    const [one, other] = [chunkText(1.4), chunkText(123_456_789_012)];
    expect(one.length).toBe(other.length);
    expect(one.endsWith('\n\n')).toBe(true);
    expect(JSON.parse(one.slice('data: '.length))).toMatchObject({ at: '000000000001' });
  });
});
