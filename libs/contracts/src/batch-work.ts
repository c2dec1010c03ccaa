import { z } from 'zod';
import {
  BatchEndpoint,
  BatchError,
  BatchId,
  BatchMetadata,
  BatchStatus,
  batchErrorsMax,
} from './batch-api.js';
import { Id, RequestId } from './field.js';
import { ExpirySeconds, FileId } from './file-api.js';
import { callerFields, StoredFile, StoredKey } from './stored-file.js';

/**
 * How gateways keep batches with accounts, and share the work on them. What accounts keeps of a batch's lines, and the API
 * token that they run with, is sealed by the gateways.
 */

const timeS = z.int().nullable();

export const StoredBatch = z.strictObject({
  batchId: BatchId,
  endpoint: BatchEndpoint,
  inputFileId: FileId,
  status: BatchStatus,
  errors: z.array(BatchError).max(batchErrorsMax).nullable(),
  outputFileId: FileId.nullable(),
  errorFileId: FileId.nullable(),
  counts: z.strictObject({ total: z.int(), completed: z.int(), failed: z.int() }),
  metadata: BatchMetadata.nullable(),
  createdAtS: z.int(),
  inProgressAtS: timeS,
  expiresAtS: timeS,
  finalizingAtS: timeS,
  completedAtS: timeS,
  failedAtS: timeS,
  expiredAtS: timeS,
  cancellingAtS: timeS,
  cancelledAtS: timeS,
});
export type StoredBatch = z.infer<typeof StoredBatch>;

export const OpenBatch = z.strictObject({
  type: z.literal('open-batch'),
  ...callerFields,
  batchId: BatchId,
  endpoint: BatchEndpoint,
  inputFileId: FileId,
  metadata: BatchMetadata.nullable(),
  outputTtlS: ExpirySeconds.nullable(),
  key: StoredKey,
  /** Whom its lines run for, sealed. */
  credentials: z.base64().max(2_048),
});
export type OpenBatch = z.infer<typeof OpenBatch>;

const byId = { ...callerFields, batchId: BatchId };
export const FindBatch = z.strictObject({ type: z.literal('find-batch'), ...byId });
export type FindBatch = z.infer<typeof FindBatch>;
export const CancelBatch = z.strictObject({ type: z.literal('cancel-batch'), ...byId });
export type CancelBatch = z.infer<typeof CancelBatch>;

export const ListStoredBatches = z.strictObject({
  type: z.literal('list-batches'),
  ...callerFields,
  limit: z.int().min(1).max(100),
  after: z.string().max(64).nullable(),
});
export type ListStoredBatches = z.infer<typeof ListStoredBatches>;
export const StoredBatches = z.strictObject({
  batches: z.array(StoredBatch).max(100),
  hasMore: z.boolean(),
});
export type StoredBatches = z.infer<typeof StoredBatches>;

/** Asks which batches somebody could work on: of each owner one, who has waited longest first. */
export const FindDueBatches = z.strictObject({
  type: z.literal('find-due-batches'),
  limit: z.int().min(1).max(1_000),
});
export const DueBatches = z.strictObject({
  batches: z.array(z.strictObject({ batchId: BatchId, claims: z.int().min(0) })).max(1_000),
});
export type DueBatches = z.infer<typeof DueBatches>;

/** Who works on a batch: an id of this one claim. After its time somebody else may claim the batch. */
const claim = { batchId: BatchId, runnerId: Id };
const claimMs = z.int().min(1).max(86_400_000);

export const ClaimBatch = z.strictObject({ type: z.literal('claim-batch'), ...claim, claimMs });
export type ClaimBatch = z.infer<typeof ClaimBatch>;

export const BatchWork = z.strictObject({
  batch: StoredBatch,
  input: StoredFile,
  key: StoredKey,
  credentials: z.base64(),
});
export type BatchWork = z.infer<typeof BatchWork>;
/** Null where somebody else works on it, or on another of the same owner, or where it is over. */
export const ClaimedBatch = z.strictObject({ work: BatchWork.nullable() });

/** Lets go of it; nobody needs to look at it before so much time has gone by. */
export const ReleaseBatch = z.strictObject({
  type: z.literal('release-batch'),
  ...claim,
  restMs: z.int().min(0).max(86_400_000),
});
export type ReleaseBatch = z.infer<typeof ReleaseBatch>;

const position = z.int().min(1).max(10_000_000);

/** Where the lines of a batch stand in its file. */
export const AddBatchLines = z.strictObject({
  type: z.literal('add-batch-lines'),
  ...claim,
  claimMs,
  lines: z
    .array(z.strictObject({ position, offset: z.int().min(0), length: z.int().min(1) }))
    .min(1)
    .max(5_000),
});
export type AddBatchLines = z.infer<typeof AddBatchLines>;

/** Its lines are known: they can run, or the batch cannot be. */
export const StartBatch = z.strictObject({
  type: z.literal('start-batch'),
  ...claim,
  errors: z.array(BatchError).min(1).max(batchErrorsMax).nullable(),
});
export type StartBatch = z.infer<typeof StartBatch>;

/** Asks for lines that have not run, and goes on with the claim. */
export const TakeBatchLines = z.strictObject({
  type: z.literal('take-batch-lines'),
  ...claim,
  claimMs,
  limit: z.int().min(0).max(1_000),
  /** Those that it has taken and not ended. */
  running: z.array(position).max(1_000),
  /** Also those that are to wait. */
  isClosing: z.boolean(),
});
export type TakeBatchLines = z.infer<typeof TakeBatchLines>;

export const BatchLine = z.strictObject({
  position,
  /** Under which it is to be asked; every time it is given to somebody another one. */
  requestId: RequestId,
  offset: z.int().min(0),
  length: z.int().min(1),
  /** How often everybody who was asked has failed. */
  tries: z.int().min(0),
  /** How often it has waited, for that or anything else. */
  pauses: z.int().min(0),
});
export type BatchLine = z.infer<typeof BatchLine>;

export const TakenBatchLines = z.strictObject({
  /** Whether the claim still holds; otherwise there is nothing to do. */
  isHeld: z.boolean(),
  isCancelling: z.boolean(),
  isTimeOver: z.boolean(),
  lines: z.array(BatchLine).max(1_000),
  /** Of all lines, those without an outcome. */
  openCount: z.int().min(0),
  /** Of those, the ones whose answer is kept and not paid for yet. */
  unpaidCount: z.int().min(0),
  /** Where none was given: in how long one may be tried again. */
  nextInMs: z.int().min(0).nullable(),
});
export type TakenBatchLines = z.infer<typeof TakenBatchLines>;

/** A line is to be tried again later. */
export const PostponeBatchLine = z.strictObject({
  type: z.literal('postpone-batch-line'),
  ...claim,
  position,
  requestId: RequestId,
  delayMs: z.int().min(0).max(86_400_000),
  isTry: z.boolean(),
});
export type PostponeBatchLine = z.infer<typeof PostponeBatchLine>;

export const LineResult = z.enum(['output', 'error']);
export type LineResult = z.infer<typeof LineResult>;

/** Of which line an outcome is, which comes as sealed bytes. */
export const LinePlace = z.strictObject({
  id: BatchId,
  position: z.coerce.number().int().min(1).max(10_000_000),
});
export type LinePlace = z.infer<typeof LinePlace>;
export const LineOutcome = z.strictObject({ result: LineResult, requestId: RequestId });
export type LineOutcome = z.infer<typeof LineOutcome>;
/** False where the line has another outcome already: this one counts for nothing. */
export const RecordedLine = z.strictObject({ isRecorded: z.boolean() });

/** Outcomes of lines that will not run. */
export const CloseBatchLines = z.strictObject({
  type: z.literal('close-batch-lines'),
  ...claim,
  lines: z
    .array(z.strictObject({ position, outcome: z.base64() }))
    .min(1)
    .max(1_000),
});
export type CloseBatchLines = z.infer<typeof CloseBatchLines>;

/** No line is open any more: its files can be written. */
export const FinalizeBatch = z.strictObject({
  type: z.literal('finalize-batch'),
  ...claim,
  ending: z.enum(['completed', 'failed', 'expired', 'cancelled']),
  errors: z.array(BatchError).min(1).max(batchErrorsMax).nullable(),
});
export type FinalizeBatch = z.infer<typeof FinalizeBatch>;

/** Asks for the next outcomes of a kind, in their order, and goes on with the claim. */
export const ReadBatchOutcomes = z.strictObject({
  type: z.literal('read-batch-outcomes'),
  ...claim,
  claimMs,
  result: LineResult,
  after: z.int().min(0),
  bytesMax: z.int().min(1).max(67_108_864),
});
export type ReadBatchOutcomes = z.infer<typeof ReadBatchOutcomes>;
export const BatchOutcomes = z.strictObject({
  outcomes: z.array(z.strictObject({ position, outcome: z.base64() })).max(1_000),
});
export type BatchOutcomes = z.infer<typeof BatchOutcomes>;

/** Begins the file of its answers or of its errors; one that was begun before is dropped. */
export const OpenBatchFile = z.strictObject({
  type: z.literal('open-batch-file'),
  ...claim,
  result: LineResult,
  fileId: FileId,
  key: StoredKey,
});
export type OpenBatchFile = z.infer<typeof OpenBatchFile>;

/** It is over: nothing but what its buyer sees is kept of it. */
export const EndBatch = z.strictObject({
  type: z.literal('end-batch'),
  ...claim,
  outputFileId: FileId.nullable(),
  errorFileId: FileId.nullable(),
});
export type EndBatch = z.infer<typeof EndBatch>;
