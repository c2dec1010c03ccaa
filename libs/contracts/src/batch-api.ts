import { z } from 'zod';
import { endpointPaths } from './endpoint.js';
import { FileId, pageFields } from './file-api.js';
import type { RestRoute } from './rest-route.js';

/** Batches of requests under `/v1/batches`: OpenAI's objects, as its clients know them. */

export const BatchId = z.string().regex(/^batch_[0-9a-f]{32}$/);
export type BatchId = z.infer<typeof BatchId>;

/** What the lines of a batch may ask for, as far as it is served here. */
export const batchEndpointNames = [
  'chat.completions',
  'completions',
  'embeddings',
  'moderations',
  'images.generations',
  'responses',
] as const;

export const BatchEndpoint = z.enum(
  batchEndpointNames.map((name) => `/v1${endpointPaths[name]}` as const),
);
export type BatchEndpoint = z.infer<typeof BatchEndpoint>;

/**
 * The life of a batch.
 *
 * - `validating`: its lines are read; none has run
 * - `in_progress`: they run
 * - `cancelling`: those that run may end, no other begins
 * - `finalizing`: all that will ever run has run; the files of answers are written
 * - `completed`, `failed` (its lines cannot be run, or its API token is void), `expired` (its time was over before its
 *   lines were), `cancelled`: final
 */
export const BatchStatus = z.enum([
  'validating',
  'failed',
  'in_progress',
  'finalizing',
  'completed',
  'expired',
  'cancelling',
  'cancelled',
]);
export type BatchStatus = z.infer<typeof BatchStatus>;

export const BatchError = z.strictObject({
  code: z.string().max(64),
  line: z.int().nullable(),
  message: z.string().max(1_000),
  param: z.string().max(64).nullable(),
});
export type BatchError = z.infer<typeof BatchError>;

/** As many as one answer tells of. */
export const batchErrorsMax = 100;

export const BatchMetadata = z
  .record(z.string().min(1).max(64), z.string().max(512))
  .refine((pairs) => Object.keys(pairs).length <= 16, 'at most 16 pairs');

const timeS = z.int().nullable();

export const Batch = z.strictObject({
  id: BatchId,
  object: z.literal('batch'),
  endpoint: BatchEndpoint,
  errors: z
    .strictObject({ object: z.literal('list'), data: z.array(BatchError).max(batchErrorsMax) })
    .nullable(),
  input_file_id: FileId,
  completion_window: z.literal('24h'),
  status: BatchStatus,
  output_file_id: FileId.nullable().describe('A line of JSON for each that was answered.'),
  error_file_id: FileId.nullable().describe('A line of JSON for each that was not.'),
  created_at: z.int(),
  in_progress_at: timeS,
  expires_at: timeS,
  finalizing_at: timeS,
  completed_at: timeS,
  failed_at: timeS,
  expired_at: timeS,
  cancelling_at: timeS,
  cancelled_at: timeS,
  request_counts: z.strictObject({ total: z.int(), completed: z.int(), failed: z.int() }),
  metadata: BatchMetadata.nullable(),
});
export type Batch = z.infer<typeof Batch>;

export const BatchPage = z.strictObject({ ...pageFields, data: z.array(Batch) });

export const CreateBatch = z.looseObject({
  input_file_id: z.string().min(1).max(64).describe("Of purpose `batch`: JSONL, as OpenAI's."),
  endpoint: BatchEndpoint.describe('What every line of the file asks for.'),
  completion_window: z.literal('24h'),
  metadata: BatchMetadata.nullish(),
  output_expires_after: z
    .looseObject({ anchor: z.literal('created_at'), seconds: z.int().min(3_600).max(2_592_000) })
    .nullish(),
});
export type CreateBatch = z.infer<typeof CreateBatch>;

export const ListBatches = z.strictObject({
  limit: z.coerce.number().int().min(1).max(100).default(20),
  after: z.string().max(64).optional().describe('Goes on behind the batch of this id.'),
});
export type ListBatches = z.infer<typeof ListBatches>;

export const batchRequests = { CreateBatch };
export const batchAnswers = { Batch, BatchPage };

const byId = { credential: 'inference', pathParameters: { id: BatchId } } as const;

export const batchRoutes: readonly RestRoute[] = [
  {
    method: 'post',
    path: '/v1/batches',
    operationId: 'createBatch',
    summary: 'Have the requests of a file run, within a day',
    description:
      'Each line is an ordinary request of this API token, once run and once paid for. A token that is void before the end fails what is left.',
    credential: 'inference',
    request: CreateBatch,
    answer: { status: 200, schema: Batch },
  },
  {
    method: 'get',
    path: '/v1/batches',
    operationId: 'listBatches',
    summary: 'Own batches, the latest first',
    credential: 'inference',
    query: ListBatches,
    answer: { status: 200, schema: BatchPage },
  },
  {
    method: 'get',
    path: '/v1/batches/{id}',
    operationId: 'getBatch',
    summary: 'One of them',
    ...byId,
    answer: { status: 200, schema: Batch },
  },
  {
    method: 'post',
    path: '/v1/batches/{id}/cancel',
    operationId: 'cancelBatch',
    summary: 'Let no more of its lines begin',
    ...byId,
    answer: { status: 200, schema: Batch },
  },
];
