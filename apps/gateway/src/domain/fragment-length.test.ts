import { fragmentedMp4, wav, webm } from '@aisbf/testkit';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { FragmentLength } from './fragment-length.js';

function secondsOf(...pieces: readonly Uint8Array[]): number | undefined {
  const length = new FragmentLength();
  for (const piece of pieces) if (!length.push(piece)) break;
  return length.seconds;
}

const sampleSeconds = 1_024 / 48_000;
/** Where the content of a box of this name begins. */
const inside = (bytes: Buffer, name: string) => bytes.indexOf(name) + 4;

describe('FragmentLength', () => {
  it('tells of a recording without a length in its head how long it is', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2_000 }), (samples) => {
        const seconds = samples * sampleSeconds;
        expect(secondsOf(fragmentedMp4(seconds))).toBeCloseTo(seconds, 6);
      }),
    );
  });

  it('comes to the same in whatever pieces the file comes', () => {
    const bytes = fragmentedMp4(3);
    const whole = secondsOf(bytes);
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length), { maxLength: 200 }), (cuts) => {
        const ends = [...cuts.toSorted((left, right) => left - right), bytes.length];
        const pieces = ends.map((end, at) => bytes.subarray(ends[at - 1] ?? 0, end));
        expect(secondsOf(...pieces)).toBe(whole);
      }),
      { numRuns: 50 },
    );
  });

  it('begins where the recording does, and heeds what a fragment says of its own', () => {
    const bytes = fragmentedMp4(24 * sampleSeconds);
    const late = Buffer.from(bytes);
    late.writeUInt32BE(9_999_999, inside(late, 'tfdt') + 8);
    expect(secondsOf(late)).toBeCloseTo(24 * sampleSeconds, 6);
    const slow = Buffer.from(bytes);
    // What stands for sizes is how long each is.
    slow.writeUInt32BE(0x000100, inside(slow, 'trun'));
    expect(secondsOf(slow)).toBeCloseTo((24 * 8) / 48_000, 6);
  });

  it('tells nothing of what is none, or has nothing in it', () => {
    for (const bytes of [wav(1), webm(1), fragmentedMp4(0), Buffer.alloc(0), Buffer.alloc(99)]) {
      expect(secondsOf(bytes)).toBeUndefined();
    }
  });

  it('reads whatever comes to its end, and never more of it than once', () => {
    const spoilt = fc.array(fc.tuple(fc.nat(900), fc.nat(255)), { maxLength: 20 });
    fc.assert(
      fc.property(spoilt, fc.uint8Array({ maxLength: 300 }), (changes, tail) => {
        const bytes = fragmentedMp4(1);
        for (const [at, byte] of changes) if (at < bytes.length) bytes[at] = byte;
        const seconds = secondsOf(bytes, tail);
        if (seconds !== undefined) expect(seconds).toBeGreaterThan(0);
      }),
    );
  });
});
