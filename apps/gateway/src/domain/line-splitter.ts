const lineFeed = 10;

/** A line of a file, and where its bytes stand in it. */
export type FileLine = Readonly<{
  /** Counted from 1, empty ones too. */
  number: number;
  offset: number;
  bytes: Buffer;
}>;

/** Takes a file apart into lines while it comes in pieces. What is longer than a line may be ends the reading. */
export class LineSplitter {
  private waiting: Buffer[] = [];
  private size = 0;
  private number = 1;
  private offset = 0;

  constructor(private readonly lineBytesMax: number) {}

  /** The lines that end in this piece; undefined where one is too long. */
  push(piece: Buffer): readonly FileLine[] | undefined {
    const lines: FileLine[] = [];
    let from = 0;
    for (let end = piece.indexOf(lineFeed); end >= 0; end = piece.indexOf(lineFeed, from)) {
      this.keep(piece.subarray(from, end));
      if (this.size > this.lineBytesMax) return undefined;
      lines.push(this.take(1));
      from = end + 1;
    }
    this.keep(piece.subarray(from));
    return this.size > this.lineBytesMax ? undefined : lines;
  }

  /** What stands behind the last line feed. */
  end(): readonly FileLine[] {
    return this.size > 0 ? [this.take(0)] : [];
  }

  get lineNumber(): number {
    return this.number;
  }

  private keep(bytes: Buffer): void {
    if (bytes.length > 0) this.waiting.push(bytes);
    this.size += bytes.length;
  }

  private take(feedLength: number): FileLine {
    const { number, offset } = this;
    const bytes = Buffer.concat(this.waiting, this.size);
    this.number += 1;
    this.offset += this.size + feedLength;
    [this.waiting, this.size] = [[], 0];
    return { number, offset, bytes };
  }
}
