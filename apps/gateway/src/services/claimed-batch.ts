import type { BatchWork } from '@aisbf/contracts';
import { Fault } from '@aisbf/faults';
import type { SealedSeries } from '@aisbf/secrets';
import type { SignalLimits } from '@aisbf/signals';
import type { BatchCredentials } from '../domain/batch-credentials.js';
import type { FileReader } from './file-vault.js';

/** A batch that this process works on, for as long as its claim holds. */
export type ClaimedBatch = Readonly<{
  work: BatchWork;
  /** The claim, as every call about it names it. */
  claim: Readonly<{ batchId: string; runnerId: string }>;
  credentials: BatchCredentials;
  /** Seals the outcomes of its lines, each by its position. */
  series: SealedSeries;
  input: FileReader;
}>;

/** Somebody else works on it: what was begun for it here is of no use. */
export function isClaimLost(error: unknown): boolean {
  return error instanceof Fault && error.code === 'BATCH_CLAIM_LOST';
}

/** What bounds the work on batches. Also the DI token. */
export class BatchTerms {
  constructor(
    readonly claimMs: number,
    readonly sliceMs: number,
    /** Lines of one batch at once, and in all; the length of one. */
    readonly lines: Readonly<{ atOnceMax: number; countMax: number; bytesMax: number }>,
    readonly liveRequestsMax: number,
    readonly retries: Readonly<{ firstMs: number; mostMs: number; triesMax: number }>,
    readonly signalLimits: SignalLimits,
  ) {}
}
