import {
  type DeleteFile,
  type FindFile,
  internalPaths,
  type ListStoredFiles,
  type OpenFile,
  StoredFile,
  StoredFiles,
} from '@aisbf/contracts';
import type { InternalClient } from '@aisbf/platform';
import type { OnApplicationShutdown } from '@nestjs/common';
import { z } from 'zod';
import { FileStore } from '../services/file-store.js';

const Done = z.strictObject({});

/** Accounts, a chunk of bytes at a time. */
export class HttpFileStore extends FileStore implements OnApplicationShutdown {
  constructor(private readonly accounts: InternalClient) {
    super();
  }

  async open(file: OpenFile): Promise<void> {
    await this.accounts.post(internalPaths.accountsOpenFile, file, Done);
  }

  async putChunk(fileId: string, position: number, sealed: Uint8Array): Promise<void> {
    const path = internalPaths.accountsFileChunk(fileId, position);
    await this.accounts.postBytes(path, sealed, Done);
  }

  chunk(fileId: string, position: number): Promise<Uint8Array> {
    return this.accounts.bytes(internalPaths.accountsFileChunk(fileId, position));
  }

  finish(fileId: string, bytes: number): Promise<StoredFile> {
    const request = { type: 'finish-file', fileId, bytes };
    return this.accounts.post(internalPaths.accountsFinishFile, request, StoredFile);
  }

  find(question: FindFile): Promise<StoredFile> {
    return this.accounts.post(internalPaths.accountsFindFile, question, StoredFile);
  }

  list(question: ListStoredFiles): Promise<StoredFiles> {
    return this.accounts.post(internalPaths.accountsListFiles, question, StoredFiles);
  }

  async delete(request: DeleteFile): Promise<void> {
    await this.accounts.post(internalPaths.accountsDeleteFile, request, Done);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.accounts.close();
  }
}
