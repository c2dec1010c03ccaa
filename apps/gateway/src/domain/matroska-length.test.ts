import { wav, webm } from '@aisbf/testkit';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { MatroskaLength } from './matroska-length.js';

function secondsOf(...pieces: readonly Uint8Array[]): number | undefined {
  const length = new MatroskaLength();
  for (const piece of pieces) if (!length.push(piece)) break;
  return length.seconds;
}

/** In pieces of these sizes, over and over. */
function cut(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1;
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  return pieces;
}

describe('MatroskaLength', () => {
  it('tells of a recording without a length in front how long it is', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 600 }), (fiftieths) => {
        expect(secondsOf(webm(fiftieths / 50))).toBeCloseTo(fiftieths / 50, 6);
      }),
      { examples: [[403]] },
    );
  });

  it('comes to the same in whatever pieces the file comes', () => {
    const bytes = webm(3.5);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1 }), (sizes) => {
        expect(secondsOf(...cut(bytes, sizes))).toBeCloseTo(3.5, 6);
      }),
      { numRuns: 50 },
    );
  });

  it('tells of one that was cut off how long what is there is', () => {
    const bytes = webm(10);
    const half = secondsOf(bytes.subarray(0, bytes.length / 2));
    expect(half).toBeGreaterThan(4);
    expect(half).toBeLessThan(6);
  });

  it('does not take a pause for the length of a block', () => {
    const bytes = webm(2);
    const second = bytes.lastIndexOf(Buffer.from('1f43b675', 'hex'));
    // Its time stands behind its name, its size, and the name and size of the time.
    bytes.writeUInt32BE(60_000, second + 4 + 8 + 1 + 4);
    expect(secondsOf(bytes)).toBeCloseTo(61, 6);
  });

  it('heeds the scale of its times, and what a block says of its own length', () => {
    const bytes = webm(2);
    const scale = bytes.indexOf(Buffer.from('0f4240', 'hex'));
    bytes.writeUIntBE(2_000_000, scale, 3);
    expect(secondsOf(bytes)).toBeCloseTo(4, 6);
    const group = Buffer.from('a08aa1858100000000' + '9b8203e8', 'hex');
    const end = bytes.indexOf(Buffer.from('a3', 'hex'), bytes.indexOf(Buffer.from('e7', 'hex')));
    expect(secondsOf(bytes.subarray(0, end), group)).toBeCloseTo(2, 6);
  });

  it('tells nothing of what is none, or has nothing in it', () => {
    expect(secondsOf(wav(1))).toBeUndefined();
    expect(secondsOf(Buffer.alloc(0))).toBeUndefined();
    expect(secondsOf(Buffer.alloc(100_000))).toBeUndefined();
    expect(secondsOf(webm(0))).toBeUndefined();
    expect(secondsOf(Buffer.from('18538067', 'hex'))).toBeUndefined();
  });

  it('reads whatever comes to its end, and never more of it than once', () => {
    const spoilt = fc.tuple(
      fc.array(fc.tuple(fc.nat(1_500), fc.nat(255)), { maxLength: 20 }),
      fc.uint8Array({ maxLength: 300 }),
    );
    fc.assert(
      fc.property(spoilt, ([changes, tail]) => {
        const bytes = webm(2);
        for (const [at, byte] of changes) if (at < bytes.length) bytes[at] = byte;
        const seconds = secondsOf(bytes, tail);
        if (seconds !== undefined) expect(seconds).toBeGreaterThan(0);
      }),
    );
  });
});
