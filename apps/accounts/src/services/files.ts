import { requireOwnPath } from '@aisbf/access';
import {
  type ChunkPlace,
  type DeleteFile,
  type FindFile,
  fileChunkBytes,
  type ListStoredFiles,
  type OpenFile,
  type StoredFile,
  type StoredFiles,
} from '@aisbf/contracts';
import { Injectable } from '@nestjs/common';
import { faults } from '../domain/faults.js';
import { FileStore } from './file-store.js';
import { Identity } from './identity.js';
import { inRounds } from './in-rounds.js';

/** Also the DI token. */
export class FileLimits {
  constructor(
    /** Of one file. */
    readonly bytesMax: number,
    readonly quota: Readonly<{ filesMax: number; bytesMax: number }>,
    readonly ttlS: number,
    readonly uploadMsMax: number,
  ) {}
}

/** What the owner of a file is asked for: an API token, and from where it is used. */
type Asked = Pick<OpenFile, 'apiToken' | 'pathUsername' | 'clientAddress'>;

/** Files removed in one statement, chunks and all. */
const purgedMax = 10;

/** Buyers' files: each is its owner's, and for anybody else it is not there. */
@Injectable()
export class Files {
  constructor(
    private readonly store: FileStore,
    private readonly identity: Identity,
    private readonly limits: FileLimits,
  ) {}

  async open(request: OpenFile): Promise<void> {
    const { fileId: id, purpose, filename, bytes, key, ttlS } = request;
    const ownerId = await this.ownerOf(request);
    const { bytesMax, quota } = this.limits;
    const described = { id, ownerId, purpose, filename, bytes, key };
    const file = { ...described, ttlS: ttlS ?? this.limits.ttlS };
    if (file.bytes > bytesMax) throw faults.FILE_TOO_LARGE({ bytesMax });
    const result = await this.store.open(file, quota);
    if (result === 'too_many') throw faults.FILES_TOO_MANY({ filesMax: quota.filesMax });
    if (result === 'too_much') throw faults.FILES_TOO_LARGE({ bytesMax: quota.bytesMax });
  }

  async putChunk({ id, position }: ChunkPlace, bytes: Uint8Array): Promise<void> {
    if (!(await this.store.putChunk(id, position, bytes))) throw faults.FILE_MISSING();
  }

  async chunk({ id, position }: ChunkPlace): Promise<Uint8Array> {
    const bytes = await this.store.chunk(id, position);
    if (!bytes) throw faults.FILE_MISSING();
    return bytes;
  }

  async finish(fileId: string, bytes: number): Promise<StoredFile> {
    const file = await this.store.finish(fileId, {
      bytes,
      chunks: Math.ceil(bytes / fileChunkBytes),
    });
    if (!file) throw faults.FILE_MISSING();
    return file;
  }

  async find(question: FindFile): Promise<StoredFile> {
    const file = await this.store.find(await this.ownerOf(question), question.fileId);
    if (!file) throw faults.FILE_MISSING();
    return file;
  }

  async list(question: ListStoredFiles): Promise<StoredFiles> {
    const { limit, after, order, purpose } = question;
    const ownerId = await this.ownerOf(question);
    const files = await this.store.list(ownerId, { limit: limit + 1, after, order, purpose });
    if (!files) throw faults.FILE_MISSING({ param: 'after' });
    return { files: files.slice(0, limit), hasMore: files.length > limit };
  }

  async delete(request: DeleteFile): Promise<void> {
    const result = await this.store.delete(await this.ownerOf(request), request.fileId);
    if (result === 'missing') throw faults.FILE_MISSING();
    if (result === 'in_use') throw faults.FILE_IN_USE();
  }

  async purge(): Promise<void> {
    await inRounds(purgedMax, (limit) => this.store.purge(limit, this.limits.uploadMsMax));
  }

  private async ownerOf({ apiToken, pathUsername, clientAddress }: Asked): Promise<string> {
    const principal = await this.identity.require(apiToken, 'inference', clientAddress);
    requireOwnPath(principal, pathUsername);
    return principal.ownerId;
  }
}
