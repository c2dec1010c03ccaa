import type {
  BatchEndpoint,
  BatchWork,
  ClaimBatch,
  DueBatches,
  FinalizeBatch,
  OpenBatchFile,
  ReleaseBatch,
  StartBatch,
  StoredBatch,
  StoredKey,
} from '@aisbf/contracts';

export type NewBatch = Readonly<{
  id: string;
  ownerId: string;
  endpoint: BatchEndpoint;
  inputFileId: string;
  metadata: Readonly<Record<string, string>> | null;
  outputTtlS: number;
  windowMs: number;
  key: StoredKey;
  credentials: string;
}>;

/** Where batches are kept, and who works on which. Whatever is asked by a claim does nothing once it is another's. */
export abstract class BatchStore {
  abstract open(
    batch: NewBatch,
    batchesMax: number,
  ): Promise<'opened' | 'too_many' | 'file_missing'>;
  abstract find(ownerId: string, batchId: string): Promise<StoredBatch | undefined>;
  /** The latest first. Undefined where the one that it is to go on behind is not there. */
  abstract list(
    ownerId: string,
    query: Readonly<{ limit: number; after: string | null }>,
  ): Promise<readonly StoredBatch[] | undefined>;
  /** False where it is not in a state to be cancelled. */
  abstract cancel(ownerId: string, batchId: string): Promise<boolean>;
  abstract due(limit: number): Promise<DueBatches['batches']>;
  abstract claim(claim: ClaimBatch): Promise<BatchWork | undefined>;
  abstract release(release: ReleaseBatch): Promise<void>;
  abstract start(start: StartBatch): Promise<boolean>;
  abstract finalize(finalize: FinalizeBatch): Promise<boolean>;
  abstract openFile(file: OpenBatchFile, filename: string): Promise<boolean>;
  abstract end(
    claim: Readonly<{ batchId: string; runnerId: string }>,
    files: Readonly<{ outputFileId: string | null; errorFileId: string | null }>,
  ): Promise<boolean>;
}
