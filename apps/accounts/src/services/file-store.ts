import type { FilePurpose, StoredFile, StoredKey } from '@aisbf/contracts';

/** A file that begins. */
export type NewFile = Readonly<{
  id: string;
  ownerId: string;
  purpose: FilePurpose;
  filename: string;
  bytes: number;
  key: StoredKey;
  ttlS: number;
}>;

/** What all files of one owner may come to. */
export type FileQuota = Readonly<{ filesMax: number; bytesMax: number }>;

export type FileQuery = Readonly<{
  limit: number;
  after: string | null;
  order: 'asc' | 'desc';
  purpose: FilePurpose | null;
}>;

/** Where buyers' files are kept. What is in them comes sealed, and is not looked at. */
export abstract class FileStore {
  /** Whether the quota has room for it. */
  abstract open(file: NewFile, quota: FileQuota): Promise<'opened' | 'too_many' | 'too_much'>;
  /** False where no such file is being uploaded. */
  abstract putChunk(fileId: string, position: number, bytes: Uint8Array): Promise<boolean>;
  /** Undefined unless all of its chunks are there. */
  abstract finish(
    fileId: string,
    content: Readonly<{ bytes: number; chunks: number }>,
  ): Promise<StoredFile | undefined>;
  abstract find(ownerId: string, fileId: string): Promise<StoredFile | undefined>;
  /** Undefined where the one that it is to go on behind is not there. */
  abstract list(ownerId: string, query: FileQuery): Promise<readonly StoredFile[] | undefined>;
  abstract chunk(fileId: string, position: number): Promise<Uint8Array | undefined>;
  abstract delete(ownerId: string, fileId: string): Promise<'deleted' | 'missing' | 'in_use'>;
  /** Removes up to so many whose time is over, or whose upload has taken longer than it may. */
  abstract purge(limit: number, uploadMsMax: number): Promise<number>;
}
