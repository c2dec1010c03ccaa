import type {
  AddBatchLines,
  BatchOutcomes,
  CloseBatchLines,
  LineOutcome,
  LinePlace,
  PostponeBatchLine,
  ReadBatchOutcomes,
  TakeBatchLines,
  TakenBatchLines,
} from '@aisbf/contracts';

/** Where the lines of batches are kept until their batch is over. */
export abstract class BatchLineStore {
  /** False where the claim does not hold any more; so with the others. */
  abstract add(lines: AddBatchLines): Promise<boolean>;
  /** The requests of its lines that nobody runs any more. */
  abstract left(
    request: TakeBatchLines,
    patienceMs: number,
  ): Promise<readonly string[] | undefined>;
  /** Lines whose requests have ended have their outcome by then, or are given anew. */
  abstract take(request: TakeBatchLines): Promise<TakenBatchLines>;
  abstract postpone(request: PostponeBatchLine): Promise<void>;
  /** Whoever holds the claim: what has run has run. False where the line has another outcome. */
  abstract record(place: LinePlace, outcome: LineOutcome, sealed: Uint8Array): Promise<boolean>;
  abstract close(request: CloseBatchLines): Promise<boolean>;
  abstract outcomes(request: ReadBatchOutcomes): Promise<BatchOutcomes['outcomes'] | undefined>;
}
