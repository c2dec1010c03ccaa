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
import type { Ending, SettleAnswer } from './ledger-store.js';

/** What became of an outcome, and of its money where there was some to settle. */
export type LineRecord = Readonly<{
  isRecorded: boolean;
  settled: SettleAnswer | undefined;
}>;

/** Where the lines of batches are kept until their batch is over. */
export abstract class BatchLineStore {
  /** False where the claim does not hold any more; so with the others. */
  abstract add(lines: AddBatchLines): Promise<boolean>;
  abstract take(request: TakeBatchLines): Promise<TakenBatchLines>;
  abstract postpone(request: PostponeBatchLine): Promise<void>;
  /** Keeps an outcome together with what it costs, or neither: whoever holds the claim, the line is this request or not. */
  abstract record(
    place: LinePlace,
    outcome: LineOutcome & Readonly<{ sealed: Uint8Array }>,
    ending: Ending | undefined,
  ): Promise<LineRecord>;
  abstract close(request: CloseBatchLines): Promise<boolean>;
  abstract outcomes(request: ReadBatchOutcomes): Promise<BatchOutcomes['outcomes'] | undefined>;
}
