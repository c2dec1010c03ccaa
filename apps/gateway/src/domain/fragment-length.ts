import { NestedParts, type Part } from './nested-parts.js';

/** Boxes that hold others: whatever is in them comes next. */
const opened: ReadonlySet<string> = new Set(['moov', 'trak', 'mdia', 'mvex', 'moof', 'traf']);
const read: ReadonlySet<string> = new Set(['tkhd', 'mdhd', 'trex', 'tfhd', 'tfdt', 'trun']);
/** Begins a file, or a part of one. */
const first: ReadonlySet<string> = new Set(['ftyp', 'styp']);

/** A list of samples is the longest that is read: a fragment of a minute has some thousands. */
const contentBytesMax = 1_048_576;
const headBytes = 8;

/** What the flags of a list of samples say that stands there, in the order in which it does. */
const eachSample = { duration: 0x100, size: 0x200, flags: 0x400, offset: 0x800 };

type Box = Part<string>;
type Track = { perSecond: number; sampleTicks: number; from: number | undefined; to: number };

/**
 * How long a recording in MP4 is by the times of its fragments: browsers that write while they record leave the length in its
 * head at zero.
 */
export class FragmentLength extends NestedParts<string> {
  private readonly tracks = new Map<number, Track>();
  private track: Track = newTrack();
  /** How long a sample of the fragment is that does not say. */
  private sampleTicks = 0;

  /** Undefined where it is no such recording, or has nothing in it. */
  get seconds(): number | undefined {
    const lengths = [...this.tracks.values()].flatMap(({ from, to, perSecond }) =>
      from === undefined || perSecond === 0 ? [] : [(to - from) / perSecond],
    );
    const longest = Math.max(0, ...lengths);
    return longest > 0 ? longest : undefined;
  }

  protected override partAt(bytes: Buffer, at: number): Box | 'unreadable' | undefined {
    return boxAt(bytes, at);
  }

  protected override mayBegin(name: string): boolean {
    return first.has(name);
  }

  protected override opens(name: string): boolean {
    return opened.has(name);
  }

  protected override wanted({ kind, bytes }: Box): number | undefined {
    return read.has(kind) && bytes <= contentBytesMax ? bytes : undefined;
  }

  protected override take(name: string, content: Buffer): void {
    const isLong = content[0] === 1;
    if (name === 'tkhd') this.track = this.trackOf(numberAt(content, isLong ? 20 : 12));
    else if (name === 'mdhd') this.track.perSecond = numberAt(content, isLong ? 20 : 12);
    else if (name === 'trex')
      this.trackOf(numberAt(content, 4)).sampleTicks = numberAt(content, 12);
    else if (name === 'tfhd') this.takeFragment(content);
    else if (name === 'tfdt') this.takeTime(content, isLong);
    else this.takeSamples(content);
  }

  private takeFragment(content: Buffer): void {
    const flags = flagsOf(content);
    this.track = this.trackOf(numberAt(content, 4));
    const at = 8 + (flags & 0x1 ? 8 : 0) + (flags & 0x2 ? 4 : 0);
    this.sampleTicks = flags & 0x8 ? numberAt(content, at) : this.track.sampleTicks;
  }

  private takeTime(content: Buffer, isLong: boolean): void {
    const low = numberAt(content, isLong ? 8 : 4);
    this.track.to = isLong ? numberAt(content, 4) * 2 ** 32 + low : low;
  }

  private takeSamples(content: Buffer): void {
    const { track } = this;
    track.from ??= track.to;
    track.from = Math.min(track.from, track.to);
    track.to += ticksOf(content, this.sampleTicks);
  }

  private trackOf(id: number): Track {
    const known = this.tracks.get(id);
    if (known) return known;
    const track = newTrack();
    this.tracks.set(id, track);
    return track;
  }
}

function newTrack(): Track {
  return { perSecond: 0, sampleTicks: 0, from: undefined, to: 0 };
}

/** The length of all samples of a list. */
function ticksOf(content: Buffer, sampleTicks: number): number {
  const flags = flagsOf(content);
  const count = numberAt(content, 4);
  if (!(flags & eachSample.duration)) return count * sampleTicks;
  const begin = 8 + (flags & 0x1 ? 4 : 0) + (flags & 0x4 ? 4 : 0);
  const step = 4 * Object.values(eachSample).filter((flag) => flags & flag).length;
  let ticks = 0;
  for (let at = begin; at + step <= content.length && at < begin + count * step; at += step) {
    ticks += numberAt(content, at);
  }
  return ticks;
}

/** Undefined where not all of its head is there. */
function boxAt(bytes: Buffer, at: number): Box | 'unreadable' | undefined {
  if (at + headBytes > bytes.length) return undefined;
  const name = bytes.toString('latin1', at + 4, at + headBytes);
  const size = bytes.readUInt32BE(at);
  // To the end of the file, whatever comes.
  if (size === 0) return { kind: name, bytes: Number.MAX_SAFE_INTEGER, at: at + headBytes };
  const isLong = size === 1;
  if (isLong && at + 2 * headBytes > bytes.length) return undefined;
  const head = isLong ? 2 * headBytes : headBytes;
  const length = isLong ? Number(bytes.readBigUInt64BE(at + headBytes)) : size;
  if (length < head || !Number.isSafeInteger(length)) return 'unreadable';
  return { kind: name, bytes: length - head, at: at + head };
}

function flagsOf(content: Buffer): number {
  return numberAt(content, 0) % 2 ** 24;
}

/** What is cut short holds nothing. */
function numberAt(content: Buffer, at: number): number {
  return at + 4 <= content.length ? content.readUInt32BE(at) : 0;
}
