import { z } from 'zod';
import type { RestRoute } from './rest-route.js';

/** Files of buyers under `/v1/files`: OpenAI's objects, as its clients know them. */

export const FileId = z.string().regex(/^file-[0-9a-f]{32}$/);
export type FileId = z.infer<typeof FileId>;

/** What a buyer may say that a file is for. */
export const UploadPurpose = z.enum([
  'assistants',
  'batch',
  'fine-tune',
  'vision',
  'user_data',
  'evals',
]);
export const FilePurpose = z.enum([...UploadPurpose.options, 'batch_output']);
export type FilePurpose = z.infer<typeof FilePurpose>;

/** An hour to thirty days, as OpenAI has it. */
export const ExpirySeconds = z.int().min(3_600).max(2_592_000);

export const FileObject = z.strictObject({
  id: FileId,
  object: z.literal('file'),
  bytes: z.int().min(0),
  created_at: z.int().describe('Seconds since 1970.'),
  expires_at: z.int().describe('Every file ends: when its buyer says, or after the default time.'),
  filename: z.string(),
  purpose: FilePurpose,
  status: z.literal('processed'),
});
export type FileObject = z.infer<typeof FileObject>;

/** How all of OpenAI's lists go on: behind the last of them. */
const page = {
  object: z.literal('list'),
  first_id: z.string().nullable(),
  last_id: z.string().nullable(),
  has_more: z.boolean(),
};

export const FilePage = z.strictObject({ ...page, data: z.array(FileObject) });
export const pageFields = page;

export const DeletedFile = z.strictObject({
  id: FileId,
  object: z.literal('file'),
  deleted: z.literal(true),
});

export const ListFiles = z.strictObject({
  limit: z.coerce.number().int().min(1).max(10_000).default(10_000),
  after: z.string().max(64).optional().describe('Goes on behind the file of this id.'),
  order: z.enum(['asc', 'desc']).default('desc').describe('By when they were made.'),
  purpose: FilePurpose.optional(),
});
export type ListFiles = z.infer<typeof ListFiles>;

/** The texts of the form; its file is the part called `file`. */
export const CreateFile = z.strictObject({
  file: z.string().meta({ format: 'binary' }).describe('Up to 100 MiB.'),
  purpose: UploadPurpose,
  'expires_after[anchor]': z.literal('created_at').optional(),
  'expires_after[seconds]': ExpirySeconds.optional(),
});

export const fileRequests = { CreateFile };
export const fileAnswers = { FileObject, FilePage, DeletedFile };

const byId = { credential: 'inference', pathParameters: { id: FileId } } as const;

export const fileRoutes: readonly RestRoute[] = [
  {
    method: 'post',
    path: '/v1/files',
    operationId: 'createFile',
    summary: 'Upload a file',
    description: 'It is kept encrypted, for its owner alone, until it expires or is deleted.',
    credential: 'inference',
    request: CreateFile,
    isForm: true,
    answer: { status: 200, schema: FileObject },
  },
  {
    method: 'get',
    path: '/v1/files',
    operationId: 'listFiles',
    summary: 'Own files',
    credential: 'inference',
    query: ListFiles,
    answer: { status: 200, schema: FilePage },
  },
  {
    method: 'get',
    path: '/v1/files/{id}',
    operationId: 'getFile',
    summary: 'One of them',
    ...byId,
    answer: { status: 200, schema: FileObject },
  },
  {
    method: 'get',
    path: '/v1/files/{id}/content',
    operationId: 'getFileContent',
    summary: 'What is in it',
    ...byId,
    answer: { status: 200, isFile: true },
  },
  {
    method: 'delete',
    path: '/v1/files/{id}',
    operationId: 'deleteFile',
    summary: 'Delete it',
    description: 'Refused as long as a batch reads it.',
    ...byId,
    answer: { status: 200, schema: DeletedFile },
  },
];
