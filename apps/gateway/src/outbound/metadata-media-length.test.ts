import { fragmentedMp4, wav, webm } from '@aisbf/testkit';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { FormFile } from '../domain/form.js';
import type { StoredBytes } from '../domain/stored-bytes.js';
import { MetadataMediaLength } from './metadata-media-length.js';
import { StoredBytesTokenizer } from './stored-bytes-tokenizer.js';

/** Counts what is read of it. */
function stored(content: Uint8Array): StoredBytes & { readonly bytesRead: () => number } {
  let bytesRead = 0;
  return {
    bytes: content.length,
    bytesRead: () => bytesRead,
    read: async (into, from) => {
      const length = Buffer.from(content.subarray(from)).copy(into);
      bytesRead += length;
      return length;
    },
  };
}

function file(content: Uint8Array, contentType: string): FormFile {
  async function* open(): AsyncIterable<Uint8Array> {
    yield content;
  }
  return { kind: 'file', name: 'file', filename: 'a', contentType, open, ...stored(content) };
}

const lengths = new MetadataMediaLength();
const headBytes = 44;
const wavBytesPerSecond = wav(2).length - wav(1).length;

describe(MetadataMediaLength, () => {
  it('measures a sound by what has come of it, not by what its head promises', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 30 }), fc.nat(), async (seconds, cut) => {
        const whole = wav(seconds);
        expect(await lengths.secondsOfSound(stored(whole), 'audio/wav')).toBeCloseTo(seconds, 3);
        const size = headBytes + 200 + (cut % (whole.length - headBytes - 200));
        const part = await lengths.secondsOfSound(stored(whole.subarray(0, size)), 'audio/wav');
        const came = (size - headBytes) / wavBytesPerSecond;
        // Its head is counted too: five milliseconds at most.
        expect(part).toBeGreaterThanOrEqual(came - 0.001);
        expect(part).toBeLessThanOrEqual(came + 0.006);
      }),
      { numRuns: 40 },
    );
  });

  it('reads little of a large file whose head tells', async () => {
    const large = wav(1_000);
    const counted = stored(large);
    expect(await lengths.secondsOfSound(counted, 'audio/wav')).toBeCloseTo(1_000, 3);
    expect(large.length).toBeGreaterThan(5_000_000);
    expect(counted.bytesRead()).toBeLessThan(500_000);
  });

  it.each([
    ['audio/wav', wav(3), 3],
    ['audio/webm', webm(4.5), 4.5],
    ['audio/mp4', fragmentedMp4(4.5), 4.5],
  ])('measures a file in %s', async (type, bytes, seconds) => {
    expect(await lengths.secondsOfFile(file(bytes, type))).toBeCloseTo(seconds, 1);
  });

  it('counts sound without a head by its bytes', async () => {
    expect(await lengths.secondsOfSound(stored(Buffer.alloc(96_000)), 'audio/pcm')).toBe(2);
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['a text', Buffer.from('no sound at all, however long it may be'.repeat(100))],
    ['half a head', wav(1).subarray(0, 20)],
  ])('finds no length in %s', async (_what, bytes) => {
    expect(await lengths.secondsOfSound(stored(bytes), 'audio/mpeg')).toBeUndefined();
    expect(await lengths.secondsOfFile(file(bytes, 'audio/mpeg'))).toBeUndefined();
  });
});

describe(StoredBytesTokenizer, () => {
  const content = Buffer.from(Array.from({ length: 200_000 }, (_, index) => (index * 7) % 251));

  type Walk = { tokenizer: StoredBytesTokenizer; at: number };
  const look = async (
    { tokenizer, at }: Walk,
    size: number,
    way: 'readBuffer' | 'peekBuffer',
  ): Promise<number> => {
    const into = new Uint8Array(size);
    const length = await tokenizer[way](into, { mayBeLess: true });
    expect(Buffer.from(into.subarray(0, length))).toEqual(content.subarray(at, at + size));
    return length;
  };
  /** Each gives the place where it ends. */
  const ways: Readonly<Record<string, (walk: Walk, size: number) => Promise<number>>> = {
    read: async (walk, size) => walk.at + (await look(walk, size, 'readBuffer')),
    peek: async (walk, size) => {
      await look(walk, size, 'peekBuffer');
      return walk.at;
    },
    ignore: async ({ tokenizer, at }, size) => at + (await tokenizer.ignore(size)),
    go: async ({ tokenizer }, size) => {
      tokenizer.setPosition(size);
      return size;
    },
  };

  it('reads, peeks and leaps as if all of it were there', async () => {
    const step = fc.record({
      way: fc.constantFrom(...Object.values(ways)),
      size: fc.oneof(fc.nat(300), fc.nat(150_000)),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const tokenizer = new StoredBytesTokenizer(stored(content), undefined);
        let at = 0;
        for (const { way, size } of steps) {
          at = await way({ tokenizer, at }, size);
          expect(tokenizer.position).toBe(at);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('says where there is less than has to be there', async () => {
    const tokenizer = new StoredBytesTokenizer(stored(content.subarray(0, 10)), 'a/b');
    expect(tokenizer.fileInfo).toEqual({ size: 10, mimeType: 'a/b' });
    await expect(tokenizer.readBuffer(new Uint8Array(11))).rejects.toThrow('End-Of-Stream');
    await expect(tokenizer.peekBuffer(new Uint8Array(1), { position: 10 })).rejects.toThrow();
  });
});
