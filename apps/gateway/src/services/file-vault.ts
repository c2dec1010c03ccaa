import { fileChunkBytes, type StoredFile, type StoredKey } from '@aisbf/contracts';
import { type KeyRing, SealedSeries } from '@aisbf/secrets';
import { Injectable } from '@nestjs/common';
import { faults } from '../domain/faults.js';
import { FileStore } from './file-store.js';

/** The keys under which files lie; undefined where there are to be none. Also the DI token. */
export class FileKeys {
  constructor(readonly ring: KeyRing | undefined) {}
}

/** Seals what goes into the store, and opens what comes out of it: a chunk at a time, so that size is no matter. */
@Injectable()
export class FileVault {
  constructor(
    private readonly store: FileStore,
    private readonly keys: FileKeys,
  ) {}

  /** A new series of sealed pieces, and its key as it is kept. */
  begin(context: string): Readonly<{ series: SealedSeries; key: StoredKey }> {
    const { series, wrapped } = SealedSeries.begin(context, this.ring());
    const { keyId, wrappedKey } = wrapped;
    return { series, key: { keyId, wrappedKey: Buffer.from(wrappedKey).toString('base64') } };
  }

  open(key: StoredKey, context: string): SealedSeries {
    const wrapped = { keyId: key.keyId, wrappedKey: Buffer.from(key.wrappedKey, 'base64') };
    const series = SealedSeries.open(wrapped, context, this.ring());
    if (typeof series === 'string') throw faults.FILE_UNREADABLE({ reason: series });
    return series;
  }

  /** Fills a file that was opened, and gives how many bytes it has come to. */
  async write(
    fileId: string,
    series: SealedSeries,
    bytes: AsyncIterable<Uint8Array>,
  ): Promise<number> {
    let [position, size] = [0, 0];
    const put = async (chunk: Buffer, isLast: boolean) => {
      await this.store.putChunk(fileId, position, series.seal(chunk, { position, isLast }));
      position += 1;
      size += chunk.length;
    };
    let waiting: Buffer | undefined;
    for await (const chunk of inChunks(bytes)) {
      if (waiting) await put(waiting, false);
      waiting = chunk;
    }
    if (waiting) await put(waiting, true);
    return size;
  }

  readerOf(file: StoredFile): FileReader {
    return new FileReader(file, this.open(file.key, contextOfFile(file.fileId)), this.store);
  }

  private ring(): KeyRing {
    if (!this.keys.ring) throw faults.FILES_OFF();
    return this.keys.ring;
  }
}

export function contextOfFile(fileId: string): string {
  return `file ${fileId}`;
}

/** Reads a file here and there. The chunk that was read last stays at hand: what comes next is likely to be in it. */
export class FileReader {
  private last: Readonly<{ position: number; chunk: Promise<Buffer> }> | undefined;

  constructor(
    private readonly file: StoredFile,
    private readonly series: SealedSeries,
    private readonly store: FileStore,
  ) {}

  /** All of it, a chunk at a time. */
  async *read(): AsyncGenerator<Buffer> {
    for (let position = 0; position * fileChunkBytes < this.file.bytes; position += 1) {
      yield await this.chunk(position);
    }
  }

  /** From one byte up to, but not with, another. */
  async slice(from: number, to: number): Promise<Buffer> {
    const pieces: Buffer[] = [];
    for (let position = Math.floor(from / fileChunkBytes); ; position += 1) {
      const begin = position * fileChunkBytes;
      if (begin >= to) return Buffer.concat(pieces);
      const chunk = await this.chunk(position);
      pieces.push(chunk.subarray(Math.max(0, from - begin), Math.min(chunk.length, to - begin)));
    }
  }

  private chunk(position: number): Promise<Buffer> {
    if (this.last?.position === position) return this.last.chunk;
    const chunk = this.fetch(position);
    this.last = { position, chunk };
    chunk.catch(() => {
      // Whoever waits for it hears of it; whoever comes next tries again.
      if (this.last?.chunk === chunk) this.last = undefined;
    });
    return chunk;
  }

  private async fetch(position: number): Promise<Buffer> {
    const { fileId, bytes } = this.file;
    const isLast = (position + 1) * fileChunkBytes >= bytes;
    const sealed = await this.store.chunk(fileId, position);
    const chunk = this.series.unseal(sealed, { position, isLast });
    if (!chunk) throw faults.FILE_UNREADABLE({ reason: 'mismatched' });
    return chunk;
  }
}

/** The same bytes in pieces of one size, but for the last. */
async function* inChunks(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let waiting: Uint8Array[] = [];
  let size = 0;
  for await (const piece of bytes) {
    let rest = piece;
    while (size + rest.length >= fileChunkBytes) {
      const taken = fileChunkBytes - size;
      yield Buffer.concat([...waiting, rest.subarray(0, taken)], fileChunkBytes);
      rest = rest.subarray(taken);
      [waiting, size] = [[], 0];
    }
    if (rest.length > 0) waiting.push(rest);
    size += rest.length;
  }
  if (size > 0) yield Buffer.concat(waiting, size);
}
