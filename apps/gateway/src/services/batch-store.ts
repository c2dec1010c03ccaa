import type {
  AddBatchLines,
  BatchOutcomes,
  BatchWork,
  CancelBatch,
  ClaimBatch,
  CloseBatchLines,
  DueBatches,
  EndBatch,
  FinalizeBatch,
  FindBatch,
  LineReport,
  LineResult,
  ListStoredBatches,
  OpenBatch,
  OpenBatchFile,
  PostponeBatchLine,
  ReadBatchOutcomes,
  ReleaseBatch,
  StartBatch,
  StoredBatch,
  StoredBatches,
  TakeBatchLines,
  TakenBatchLines,
} from '@aisbf/contracts';

/** Where batches are kept, as their buyers ask for them. */
export abstract class BatchStore {
  abstract open(batch: OpenBatch): Promise<StoredBatch>;
  abstract find(question: FindBatch): Promise<StoredBatch>;
  abstract list(question: ListStoredBatches): Promise<StoredBatches>;
  abstract cancel(request: CancelBatch): Promise<StoredBatch>;
}

/** What became of one line. */
export type LineEnding = LineReport &
  Readonly<{
    batchId: string;
    position: number;
    result: LineResult;
    requestId: string;
  }>;

/** The same as who works on them asks. A claim that does not hold any more is refused. */
export abstract class BatchWorkStore {
  abstract due(limit: number): Promise<DueBatches['batches']>;
  abstract claim(claim: ClaimBatch): Promise<BatchWork | null>;
  abstract release(release: ReleaseBatch): Promise<void>;
  abstract addLines(lines: AddBatchLines): Promise<void>;
  abstract start(start: StartBatch): Promise<void>;
  abstract takeLines(request: TakeBatchLines): Promise<TakenBatchLines>;
  abstract postpone(request: PostponeBatchLine): Promise<void>;
  /** Settles with it what it costs. False where it counts for nothing: the line is somebody else's by now. */
  abstract record(ending: LineEnding): Promise<boolean>;
  abstract closeLines(request: CloseBatchLines): Promise<void>;
  abstract finalize(finalize: FinalizeBatch): Promise<void>;
  abstract outcomes(request: ReadBatchOutcomes): Promise<BatchOutcomes['outcomes']>;
  abstract openFile(file: OpenBatchFile): Promise<void>;
  abstract end(end: EndBatch): Promise<void>;
}

/** Where batches wait for whoever works on them. */
export abstract class BatchQueue {
  /** What waits already has nothing to add. */
  abstract add(batches: DueBatches['batches']): Promise<void>;
}
