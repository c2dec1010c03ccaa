/** One server-sent event: its bytes as they came, and the text of its `data` lines. */
export type SseEvent = Readonly<{ bytes: Uint8Array; data: string | undefined }>;

/** An event without end would fill the memory. */
export class SseEventTooLarge extends Error {
  constructor(readonly bytesMax: number) {
    super(`an event is larger than ${bytesMax} bytes`);
    this.name = 'SseEventTooLarge';
  }
}

const lineFeed = 10;
const carriageReturn = 13;
const empty = new Uint8Array(0);

/**
 * Cuts a byte stream into whole events, wherever its chunks begin and end. Events are handed on as the
 * bytes they were, so that a relay changes nothing and never sends half an event.
 */
export class SseReader {
  private rest: Uint8Array = empty;
  /** Up to here the rest is known to hold no end of an event. */
  private searchedTo = 0;
  private lineStart = 0;
  private readonly decoder = new TextDecoder();

  constructor(private readonly eventBytesMax: number) {}

  /** Takes a chunk, gives the events that it completes. */
  push(chunk: Uint8Array): readonly SseEvent[] {
    const bytes = this.rest.length === 0 ? chunk : concatenated(this.rest, chunk);
    const events: SseEvent[] = [];
    let eventStart = 0;
    for (;;) {
      const newline = bytes.indexOf(lineFeed, this.searchedTo);
      if (newline < 0) break;
      if (isEmptyLine(bytes, this.lineStart, newline)) {
        events.push(this.eventOf(bytes.subarray(eventStart, newline + 1)));
        eventStart = newline + 1;
      }
      this.searchedTo = newline + 1;
      this.lineStart = newline + 1;
    }
    this.keepRest(bytes, eventStart);
    return events;
  }

  /** What is left when the stream ends without an empty line: the last event, or undefined. */
  end(): SseEvent | undefined {
    const bytes = this.rest;
    this.keepRest(empty, 0);
    if (bytes.length === 0) return undefined;
    return this.eventOf(concatenated(bytes, new Uint8Array([lineFeed, lineFeed])));
  }

  private keepRest(bytes: Uint8Array, from: number): void {
    this.rest = bytes.subarray(from);
    this.searchedTo = this.rest.length;
    this.lineStart = Math.max(0, this.lineStart - from);
    if (this.rest.length > this.eventBytesMax) throw new SseEventTooLarge(this.eventBytesMax);
  }

  private eventOf(bytes: Uint8Array): SseEvent {
    return { bytes, data: dataOf(this.decoder.decode(bytes)) };
  }
}

function isEmptyLine(bytes: Uint8Array, start: number, newline: number): boolean {
  return newline === start || (newline === start + 1 && bytes[start] === carriageReturn);
}

/** The `data` lines joined; undefined for a comment or an event without data. */
function dataOf(event: string): string | undefined {
  let data: string | undefined;
  for (const line of event.split(/\r?\n/)) {
    if (!line.startsWith('data:')) continue;
    const value = line.charCodeAt(5) === 32 ? line.slice(6) : line.slice(5);
    data = data === undefined ? value : `${data}\n${value}`;
  }
  return data;
}

function concatenated(left: Uint8Array, right: Uint8Array): Uint8Array {
  const both = new Uint8Array(left.length + right.length);
  both.set(left);
  both.set(right, left.length);
  return both;
}
