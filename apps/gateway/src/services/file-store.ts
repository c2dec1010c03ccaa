import type {
  DeleteFile,
  FindFile,
  ListStoredFiles,
  OpenFile,
  StoredFile,
  StoredFiles,
} from '@aisbf/contracts';

/** Where buyers' files are kept. It sees sealed chunks, and never what is in them. */
export abstract class FileStore {
  abstract open(file: OpenFile): Promise<void>;
  abstract putChunk(fileId: string, position: number, sealed: Uint8Array): Promise<void>;
  abstract chunk(fileId: string, position: number): Promise<Uint8Array>;
  /** From here on it is there, for its owner. */
  abstract finish(fileId: string, bytes: number): Promise<StoredFile>;
  abstract find(question: FindFile): Promise<StoredFile>;
  abstract list(question: ListStoredFiles): Promise<StoredFiles>;
  abstract delete(request: DeleteFile): Promise<void>;
}
