import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Metrics } from '@aisbf/platform';
import { type Spool, Spools } from '../services/spools.js';

export type SpoolLimits = Readonly<{
  folder: string;
  /** Of one that is held in memory. */
  heldBytesMax: number;
  /** Of all that are. */
  allHeldBytesMax: number;
}>;

/** What an array of bytes takes besides its bytes: a form may come a byte at a time. */
const pieceOverheadBytes = 256;
/** Each call to the disk costs a change of threads, whatever its size. */
const blockBytes = 262_144;

/** Keeps what is small in memory, as long as all of it is not too much, and everything else in files that have no name. */
export class DiskSpools extends Spools {
  private heldBytes = 0;

  constructor(
    private readonly limits: SpoolLimits,
    metrics: Metrics,
  ) {
    super();
    metrics.gauge(
      'spooled_bytes_held',
      'Files of forms and sounds that are held in memory, in bytes.',
      () => this.heldBytes,
    );
  }

  override begin(): Spool {
    return new DiskSpool(this.limits.folder, {
      take: (bytes, ownBytes) => this.take(bytes, ownBytes),
      give: (bytes) => {
        this.heldBytes -= bytes;
      },
    });
  }

  private take(bytes: number, ownBytes: number): boolean {
    const { heldBytesMax, allHeldBytesMax } = this.limits;
    const isRoom = ownBytes + bytes <= heldBytesMax && this.heldBytes + bytes <= allHeldBytesMax;
    if (isRoom) this.heldBytes += bytes;
    return isRoom;
  }
}

type Room = Readonly<{
  /** False: there is no room for so much more, of one that has so much already. */
  take: (bytes: number, ownBytes: number) => boolean;
  give: (bytes: number) => void;
}>;

class DiskSpool implements Spool {
  bytes = 0;
  private pieces: Uint8Array[] = [];
  /** What the pieces take of the room. */
  private heldBytes = 0;
  /** Where it was too much to be held. */
  private file: Promise<SpoolFile> | undefined;
  private isDiscarded = false;

  constructor(
    private readonly folder: string,
    private readonly room: Room,
  ) {}

  async write(piece: Uint8Array): Promise<void> {
    assertKept(this.isDiscarded);
    this.bytes += piece.length;
    const bytes = piece.length + pieceOverheadBytes;
    if (this.file === undefined && this.room.take(bytes, this.heldBytes)) {
      this.heldBytes += bytes;
      this.pieces.push(piece);
      return;
    }
    this.file ??= this.moveToDisk();
    await (await this.file).write(piece);
  }

  async read(into: Uint8Array, from: number): Promise<number> {
    assertKept(this.isDiscarded);
    const file = await this.file;
    return file ? file.read(into, from) : this.readHeld(into, from);
  }

  async *open(): AsyncIterable<Uint8Array> {
    if (this.file === undefined) yield* this.pieces;
    else {
      for (let at = 0; at < this.bytes; ) {
        // A new one each time: whoever takes it may still be sending it.
        const block = Buffer.allocUnsafeSlow(Math.min(blockBytes, this.bytes - at));
        const length = await this.read(block, at);
        if (length === 0) throw new Error('a spooled file is shorter than what was written');
        yield block.subarray(0, length);
        at += length;
      }
    }
  }

  async discard(): Promise<void> {
    this.isDiscarded = true;
    this.letGo();
    // Whoever has written to it has heard of it if there is none.
    const file = await this.file?.catch(() => undefined);
    await file?.close();
  }

  private async moveToDisk(): Promise<SpoolFile> {
    const file = await SpoolFile.create(this.folder);
    try {
      for (const piece of this.pieces) await file.write(piece);
    } catch (error) {
      await file.close();
      throw error;
    }
    this.letGo();
    return file;
  }

  private letGo(): void {
    this.pieces = [];
    this.room.give(this.heldBytes);
    this.heldBytes = 0;
  }

  private readHeld(into: Uint8Array, from: number): number {
    let [begin, filled] = [0, 0];
    for (const piece of this.pieces) {
      const at = from + filled - begin;
      if (at < piece.length) {
        const part = piece.subarray(at, at + into.length - filled);
        into.set(part, filled);
        filled += part.length;
      }
      if (filled === into.length) break;
      begin += piece.length;
    }
    return filled;
  }
}

/** Written to its end and then read. The system removes it when it is closed, however this process ends. */
class SpoolFile {
  private readonly block = Buffer.allocUnsafeSlow(blockBytes);
  private blockLength = 0;
  private writtenBytes = 0;
  private flushed = Promise.resolve();

  static async create(folder: string): Promise<SpoolFile> {
    const path = join(folder, `aisbf-spool-${randomUUID()}`);
    const { O_RDWR, O_CREAT, O_EXCL } = constants;
    const handle = await open(path, O_RDWR | O_CREAT | O_EXCL, 0o600);
    try {
      await unlink(path);
    } catch (error) {
      await handle.close();
      throw error;
    }
    return new SpoolFile(handle);
  }

  private constructor(private readonly handle: FileHandle) {}

  async write(piece: Uint8Array): Promise<void> {
    await this.flushed;
    for (let at = 0; at < piece.length; ) {
      const part = piece.subarray(at, at + blockBytes - this.blockLength);
      this.block.set(part, this.blockLength);
      this.blockLength += part.length;
      at += part.length;
      if (this.blockLength === blockBytes) await this.flush();
    }
  }

  async read(into: Uint8Array, from: number): Promise<number> {
    await this.flush();
    let filled = 0;
    while (filled < into.length) {
      const room = into.length - filled;
      const { bytesRead } = await this.handle.read(into, filled, room, from + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return filled;
  }

  close(): Promise<void> {
    return this.handle.close();
  }

  /** Several may read at once: none of them before what is there has been written. */
  private flush(): Promise<void> {
    const length = this.blockLength;
    this.blockLength = 0;
    if (length > 0) this.flushed = this.flushed.then(() => this.put(length));
    return this.flushed;
  }

  private async put(length: number): Promise<void> {
    for (let at = 0; at < length; ) {
      const room = length - at;
      const { bytesWritten } = await this.handle.write(this.block, at, room, this.writtenBytes);
      at += bytesWritten;
      this.writtenBytes += bytesWritten;
    }
  }
}

function assertKept(isDiscarded: boolean): void {
  if (isDiscarded) throw new Error('what was spooled is discarded');
}
