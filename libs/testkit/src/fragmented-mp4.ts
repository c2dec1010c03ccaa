const perSecond = 48_000;
/** As AAC has it. */
const sampleTicks = 1_024;

/** Silence of so many seconds as a browser records it in MP4, in fragments of half a second: its head says no length. */
export function fragmentedMp4(seconds: number): Buffer<ArrayBuffer> {
  const samples = Math.round((seconds * perSecond) / sampleTicks);
  const fragments: Buffer[] = [];
  for (let done = 0, number = 1; done < samples; number += 1) {
    const count = Math.min(24, samples - done);
    fragments.push(fragment(number, done * sampleTicks, count));
    done += count;
  }
  const track = box(
    'trak',
    // Its number; how many ticks are a second, and that nobody knows how many there will be.
    box('tkhd', numbers(7, 0, 0, 1), Buffer.alloc(68)),
    box('mdia', box('mdhd', numbers(0, 0, 0, perSecond, 0, 0))),
  );
  const extended = box('mvex', box('trex', numbers(0, 1, 1, sampleTicks, 0, 0)));
  return Buffer.concat([
    box('ftyp', Buffer.from('iso5'), numbers(512), Buffer.from('iso5mp41')),
    box('moov', box('mvhd', numbers(0, 0, 0, 1_000, 0), Buffer.alloc(80)), track, extended),
    ...fragments,
  ]);
}

function fragment(number: number, at: number, count: number): Buffer {
  // Each sample says that it is eight bytes; how long it is says the head.
  const sizes = Array.from({ length: count }, () => 8);
  return Buffer.concat([
    box(
      'moof',
      box('mfhd', numbers(0, number)),
      box(
        'traf',
        box('tfhd', numbers(0x020000, 1)),
        box('tfdt', numbers(0x01000000, 0, at)),
        box('trun', numbers(0x000200, count, ...sizes)),
      ),
    ),
    box('mdat', Buffer.alloc(8 * count)),
  ]);
}

function box(name: string, ...contents: readonly Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  return Buffer.concat([numbers(content.length + 8), Buffer.from(name), content]);
}

function numbers(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [at, value] of values.entries()) bytes.writeUInt32BE(value, 4 * at);
  return bytes;
}
