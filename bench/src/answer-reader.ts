/** What is left of an answer once it has been read. */
export type Answer = Readonly<{ status: number; bodyBytes: number; events: number }>;

export type OnBody = (piece: Buffer, events: number) => void;

type Phase = 'head' | 'body' | 'chunk-size' | 'chunk' | 'chunk-end' | 'trailer' | 'complete';

const lineFeed = 10;
const headEnd = Buffer.from('\r\n\r\n');
const lineEnd = Buffer.from('\r\n');
const eventEnd = Buffer.from('\n\n');

/**
 * Reads one HTTP/1.1 answer off a connection and keeps of it what a measurement needs: a load generator
 * that does more measures itself.
 */
export class AnswerReader {
  #phase: Phase = 'head';
  /** Read but not understood yet: a head or a line that is not whole. */
  #rest: Buffer | undefined;
  #status = 0;
  #bodyBytes = 0;
  #events = 0;
  #bytesLeft = 0;
  #endsWithLineFeed = false;
  #staysOpen = true;

  /** `onBody` is given each piece of the body as it comes, and how many events have ended so far. */
  constructor(private readonly onBody?: OnBody) {}

  get isComplete(): boolean {
    return this.#phase === 'complete';
  }

  /** Whether the server will take another request on this connection. */
  get staysOpen(): boolean {
    return this.#staysOpen;
  }

  get answer(): Answer {
    return { status: this.#status, bodyBytes: this.#bodyBytes, events: this.#events };
  }

  /** Reads on. Throws at what is not HTTP, or not the kind of it that servers here speak. */
  push(bytes: Buffer): void {
    const rest = this.#rest;
    this.#rest = undefined;
    let unread = rest === undefined ? bytes : Buffer.concat([rest, bytes]);
    while (unread.length > 0) {
      if (this.#phase === 'complete') throw new Error('More came than the answer.');
      const taken = this.#take(unread);
      if (taken === 0) {
        this.#rest = unread;
        return;
      }
      unread = unread.subarray(taken);
    }
  }

  /** How many of these bytes are dealt with; none where more have to come first. */
  #take(bytes: Buffer): number {
    switch (this.#phase) {
      case 'body':
      case 'chunk':
        return this.#takeBody(bytes);
      case 'head':
        return this.#takeUntil(headEnd, bytes, (head) => this.#readHead(head));
      case 'chunk-size':
        return this.#takeUntil(lineEnd, bytes, (line) => this.#readChunkSize(line));
      case 'trailer':
        return this.#takeUntil(lineEnd, bytes, (line) => {
          if (line === '') this.#phase = 'complete';
        });
      case 'chunk-end':
        return this.#takeUntil(lineEnd, bytes, () => {
          this.#phase = 'chunk-size';
        });
      case 'complete':
        return 0;
    }
  }

  #takeUntil(end: Buffer, bytes: Buffer, read: (text: string) => void): number {
    const at = bytes.indexOf(end);
    if (at < 0) return 0;
    read(bytes.toString('latin1', 0, at));
    return at + end.length;
  }

  #readHead(head: string): void {
    const status = /^HTTP\/1\.1 (\d{3})/.exec(head)?.[1];
    if (status === undefined) throw new Error(`This is no answer: ${head.slice(0, 100)}`);
    this.#status = Number(status);
    this.#staysOpen = !/\r\nconnection: *close/i.test(head);
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
    if (length !== undefined) {
      this.#bytesLeft = Number(length);
      this.#phase = this.#bytesLeft === 0 ? 'complete' : 'body';
    } else if (/\r\ntransfer-encoding: *chunked/i.test(head)) {
      this.#phase = 'chunk-size';
    } else {
      throw new Error('An answer that says neither its length nor that it comes in chunks.');
    }
  }

  #readChunkSize(line: string): void {
    const size = Number.parseInt(line, 16);
    if (!(size >= 0)) throw new Error(`This is no size of a chunk: ${line.slice(0, 100)}`);
    this.#bytesLeft = size;
    this.#phase = size === 0 ? 'trailer' : 'chunk';
  }

  #takeBody(bytes: Buffer): number {
    const taken = Math.min(bytes.length, this.#bytesLeft);
    const part = taken === bytes.length ? bytes : bytes.subarray(0, taken);
    this.#countEvents(part);
    this.#bodyBytes += taken;
    this.onBody?.(part, this.#events);
    this.#bytesLeft -= taken;
    if (this.#bytesLeft === 0) this.#phase = this.#phase === 'body' ? 'complete' : 'chunk-end';
    return taken;
  }

  #countEvents(part: Buffer): void {
    let from = 0;
    if (this.#endsWithLineFeed && part[0] === lineFeed) {
      this.#events += 1;
      from = 1;
    }
    for (let at = part.indexOf(eventEnd, from); at >= 0; at = part.indexOf(eventEnd, from)) {
      this.#events += 1;
      from = at + eventEnd.length;
    }
    this.#endsWithLineFeed = from < part.length && part.at(-1) === lineFeed;
  }
}
