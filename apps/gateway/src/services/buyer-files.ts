import type { ListFiles, StoredFile } from '@aisbf/contracts';
import { Injectable } from '@nestjs/common';
import { faults } from '../domain/faults.js';
import { type FileUpload, isFileId } from '../domain/file-upload.js';
import { FileStore } from './file-store.js';
import { contextOfFile, FileVault } from './file-vault.js';

/** Who asks, and from where. */
export type Asking = Readonly<{
  apiToken: string;
  pathUsername: string | null;
  clientAddress: string;
}>;

/** Files as buyers send, find and fetch them. */
@Injectable()
export class BuyerFiles {
  constructor(
    private readonly store: FileStore,
    private readonly vault: FileVault,
  ) {}

  async create(
    asking: Asking,
    fileId: string,
    { file, filename, purpose, ttlS }: FileUpload,
  ): Promise<StoredFile> {
    const { series, key } = this.vault.begin(contextOfFile(fileId));
    const { bytes } = file;
    const described = { fileId, purpose, filename, bytes, key, ttlS };
    await this.store.open({ type: 'open-file', ...asking, ...described });
    await this.vault.write(fileId, series, file.open());
    return this.store.finish(fileId, bytes);
  }

  async find(asking: Asking, fileId: string): Promise<StoredFile> {
    if (!isFileId(fileId)) throw faults.FILE_MISSING();
    return this.store.find({ type: 'find-file', ...asking, fileId });
  }

  list(asking: Asking, { limit, after, order, purpose }: ListFiles) {
    const wanted = { limit, order, after: after ?? null, purpose: purpose ?? null };
    return this.store.list({ type: 'list-files', ...asking, ...wanted });
  }

  contentOf(file: StoredFile): AsyncGenerator<Buffer> {
    return this.vault.readerOf(file).read();
  }

  async delete(asking: Asking, fileId: string): Promise<void> {
    if (!isFileId(fileId)) throw faults.FILE_MISSING();
    await this.store.delete({ type: 'delete-file', ...asking, fileId });
  }
}
