import {
  AbstractTokenizer,
  EndOfStreamError,
  type IFileInfo,
  type IReadChunkOptions,
} from 'strtok3';
import type { StoredBytes } from '../domain/stored-bytes.js';

/** Of most files a reader of lengths wants some hundred bytes here and there, and of others each in its turn. */
const blockBytes = 65_536;

/** Reads stored bytes for whoever takes them apart, and leaps over what is not wanted. */
export class StoredBytesTokenizer extends AbstractTokenizer {
  override readonly fileInfo: IFileInfo;
  private readonly block = Buffer.allocUnsafe(blockBytes);
  private blockAt = 0;
  private blockLength = 0;

  constructor(
    private readonly stored: StoredBytes,
    mimeType: string | undefined,
  ) {
    super();
    this.fileInfo = { size: stored.bytes, ...(mimeType && { mimeType }) };
  }

  override supportsRandomAccess(): boolean {
    return true;
  }

  setPosition(position: number): void {
    this.validateLength(position, 'position');
    this.position = position;
  }

  override async readBuffer(into: Uint8Array, options?: IReadChunkOptions): Promise<number> {
    const { position, length, mayBeLess } = this.normalizeOptions(into, options);
    this.position = position;
    const filled = await this.fill(into.subarray(0, length), position);
    this.position += filled;
    return whole(filled, length, mayBeLess);
  }

  override async peekBuffer(into: Uint8Array, options?: IReadChunkOptions): Promise<number> {
    const { position, length, mayBeLess } = this.normalizeOptions(into, options);
    return whole(await this.fill(into.subarray(0, length), position), length, mayBeLess);
  }

  private async fill(into: Uint8Array, from: number): Promise<number> {
    let filled = 0;
    while (filled < into.length) {
      const part = await this.partAt(from + filled);
      if (part.length === 0) break;
      const taken = part.subarray(0, into.length - filled);
      into.set(taken, filled);
      filled += taken.length;
    }
    return filled;
  }

  /** What of the block stands there, or of the next one. */
  private async partAt(at: number): Promise<Uint8Array> {
    const isThere = at >= this.blockAt && at < this.blockAt + this.blockLength;
    if (!isThere) {
      this.blockAt = at;
      this.blockLength = await this.stored.read(this.block, at);
    }
    return this.block.subarray(at - this.blockAt, this.blockLength);
  }
}

function whole(filled: number, length: number, mayBeLess: boolean | undefined): number {
  if (filled < length && !mayBeLess) throw new EndOfStreamError();
  return filled;
}
