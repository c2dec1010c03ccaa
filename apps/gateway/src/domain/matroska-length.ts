import { NestedParts, type Part } from './nested-parts.js';

/** Elements by what stands in front of them, as the format's registry has them. */
const head = 0x1a45dfa3;
const timestampScale = 0x2ad7b1;
const clusterTimestamp = 0xe7;
const simpleBlock = 0xa3;
const block = 0xa1;
const blockDuration = 0x9b;
/** The segment, its description, the clusters and the groups of blocks: whatever is in them comes next. */
const opened: ReadonlySet<number> = new Set([0x18538067, 0x1549a966, 0x1f43b675, 0xa0]);
const read: ReadonlySet<number> = new Set([
  ...[timestampScale, clusterTimestamp, simpleBlock, block, blockDuration],
]);

/** Of what is read nothing is longer: a number, or where a block belongs and when. */
const contentBytesMax = 10;
const scaleDefaultNs = 1_000_000;
/** How long a block is where nothing tells: as Opus has it. */
const blockNsDefault = 20_000_000;

type Element = Part<number>;

/**
 * How long a recording in Matroska or WebM is by the times of its blocks: browsers write while they record, and do not know
 * in the head when it will be over.
 */
export class MatroskaLength extends NestedParts<number> {
  private scaleNs = scaleDefaultNs;
  private clusterAt = 0;
  private first: number | undefined;
  private last = 0;
  /** The shortest time from one block to a later one: a longer one may be a pause. */
  private gap = Number.POSITIVE_INFINITY;
  private ends = 0;

  /** Undefined where it is no such recording, or has nothing in it. */
  get seconds(): number | undefined {
    if (this.first === undefined) return undefined;
    const lastNs = Number.isFinite(this.gap) ? this.gap * this.scaleNs : blockNsDefault;
    const endNs = Math.max(this.last * this.scaleNs + lastNs, this.ends * this.scaleNs);
    return (endNs - this.first * this.scaleNs) / 1e9;
  }

  protected override partAt(bytes: Buffer, at: number): Element | 'unreadable' | undefined {
    return elementAt(bytes, at);
  }

  protected override mayBegin(id: number): boolean {
    return id === head;
  }

  protected override opens(id: number): boolean {
    return opened.has(id);
  }

  protected override wanted({ kind, bytes }: Element): number | undefined {
    return read.has(kind) && bytes > 0 ? Math.min(bytes, contentBytesMax) : undefined;
  }

  protected override take(id: number, content: Buffer): void {
    if (id === timestampScale) this.scaleNs = numberIn(content) || scaleDefaultNs;
    else if (id === clusterTimestamp) this.clusterAt = numberIn(content);
    else if (id === blockDuration) this.ends = Math.max(this.ends, this.last + numberIn(content));
    else this.takeBlock(content);
  }

  /** Its track, which is a number of some length, and when it begins in its cluster. */
  private takeBlock(content: Buffer): void {
    const trackBytes = lengthOf(content[0] ?? 0);
    if (content.length < trackBytes + 2) return;
    const at = this.clusterAt + content.readInt16BE(trackBytes);
    if (this.first === undefined) this.last = at;
    this.first = Math.min(this.first ?? at, at);
    if (at <= this.last) return;
    this.gap = Math.min(this.gap, at - this.last);
    this.last = at;
  }
}

/** Undefined where not all of its head is there. */
function elementAt(bytes: Buffer, at: number): Element | 'unreadable' | undefined {
  const idBytes = lengthOf(bytes[at] ?? 0);
  if (at >= bytes.length) return undefined;
  if (idBytes > 4) return 'unreadable';
  const sizeAt = at + idBytes;
  const sizeBytes = lengthOf(bytes[sizeAt] ?? 0);
  if (sizeAt + sizeBytes > bytes.length) return undefined;
  if (sizeBytes > 8) return 'unreadable';
  const id = bytes.readUIntBE(at, idBytes);
  const written = bytes.subarray(sizeAt, sizeAt + sizeBytes);
  const size = numberIn(written) - 2 ** (7 * sizeBytes);
  const isUnknown = size === 2 ** (7 * sizeBytes) - 1;
  // What is opened needs no end: what is in it and what follows it are read alike.
  if (opened.has(id)) return { kind: id, bytes: 0, at: sizeAt + sizeBytes };
  if (isUnknown || !Number.isSafeInteger(size)) return 'unreadable';
  return { kind: id, bytes: size, at: sizeAt + sizeBytes };
}

/** How many bytes a number has, by the zeros in front of its first one; more than 8 is none. */
function lengthOf(byte: number): number {
  return Math.clz32(byte) - 24 + 1;
}

function numberIn(bytes: Buffer): number {
  return bytes.reduce((number, byte) => number * 256 + byte, 0);
}
