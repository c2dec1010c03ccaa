import { z } from 'zod';
import { ClientAddress, Count, Name } from './field.js';
import { ExpirySeconds, FileId, FilePurpose } from './file-api.js';

/**
 * How gateways keep buyers' files with accounts. What is in them is sealed by the gateway, a chunk at a time, under keys
 * that accounts has not.
 */

/** What a chunk holds before it is sealed; the last one of a file may hold less. */
export const fileChunkBytes = 1_048_576;

/** On behalf of whoever holds this API token. */
export const callerFields = {
  apiToken: z.string().min(1).max(256),
  pathUsername: Name.nullable().default(null),
  clientAddress: ClientAddress.nullable().default(null),
};

/** A data key under one of the gateways' keys, in base64. */
export const StoredKey = z.strictObject({
  keyId: z.string().min(1).max(32),
  wrappedKey: z.base64().max(256),
});
export type StoredKey = z.infer<typeof StoredKey>;

const description = {
  purpose: FilePurpose,
  filename: z.string().min(1).max(512),
  bytes: Count,
  key: StoredKey,
};

/** Begins a file. Until all of its chunks are there and it is finished, nobody sees it. */
export const OpenFile = z.strictObject({
  type: z.literal('open-file'),
  ...callerFields,
  fileId: FileId,
  ...description,
  ttlS: ExpirySeconds.nullable(),
});
export type OpenFile = z.infer<typeof OpenFile>;

export const FinishFile = z.strictObject({
  type: z.literal('finish-file'),
  fileId: FileId,
  bytes: Count,
});
export type FinishFile = z.infer<typeof FinishFile>;

export const StoredFile = z.strictObject({
  fileId: FileId,
  ...description,
  createdAtS: z.int(),
  expiresAtS: z.int(),
});
export type StoredFile = z.infer<typeof StoredFile>;

export const FindFile = z.strictObject({
  type: z.literal('find-file'),
  ...callerFields,
  fileId: FileId,
});
export type FindFile = z.infer<typeof FindFile>;

export const DeleteFile = z.strictObject({
  type: z.literal('delete-file'),
  ...callerFields,
  fileId: FileId,
});
export type DeleteFile = z.infer<typeof DeleteFile>;

export const ListStoredFiles = z.strictObject({
  type: z.literal('list-files'),
  ...callerFields,
  limit: z.int().min(1).max(10_000),
  after: z.string().max(64).nullable(),
  order: z.enum(['asc', 'desc']),
  purpose: FilePurpose.nullable(),
});
export type ListStoredFiles = z.infer<typeof ListStoredFiles>;

export const StoredFiles = z.strictObject({
  files: z.array(StoredFile).max(10_000),
  hasMore: z.boolean(),
});
export type StoredFiles = z.infer<typeof StoredFiles>;

/** Where one of a file's chunks is. */
export const ChunkPlace = z.strictObject({
  id: FileId,
  position: z.coerce.number().int().min(0).max(16_384),
});
export type ChunkPlace = z.infer<typeof ChunkPlace>;
