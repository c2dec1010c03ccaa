import type {
  AddBatchLines,
  BatchOutcomes,
  CloseBatchLines,
  EndBatch,
  FinalizeBatch,
  OpenBatchFile,
  ReadBatchOutcomes,
  StartBatch,
  TakeBatchLines,
  TakenBatchLines,
} from '@aisbf/contracts';
import { Injectable } from '@nestjs/common';
import { faults } from '../domain/faults.js';
import { BatchLineStore } from './batch-line-store.js';
import { BatchStore } from './batch-store.js';
import { Withdrawal } from './withdrawal.js';

export class BatchPatience {
  constructor(
    /** How long a kept answer may wait to be paid for. */
    readonly settleMsMax: number,
  ) {}
}

/** What gateways that work on a batch may do to it: only whoever holds the claim, so that two never do it at once. */
@Injectable()
export class BatchDesk {
  constructor(
    private readonly batches: BatchStore,
    private readonly lines: BatchLineStore,
    private readonly withdrawal: Withdrawal,
    private readonly patience: BatchPatience,
  ) {}

  /**
   * Lines to run, each under a request id of its own. Whoever ran one before and has not ended it is taken its request from
   * first, so that by no request that is given up anybody pays.
   */
  async take(request: TakeBatchLines): Promise<TakenBatchLines> {
    const left = (await this.lines.left(request, this.patience.settleMsMax)) ?? [];
    for (const requestId of left) await this.withdrawal.withdraw({ type: 'withdraw', requestId });
    return this.lines.take(request);
  }

  async add(lines: AddBatchLines): Promise<void> {
    requireClaim(await this.lines.add(lines));
  }

  async start(start: StartBatch): Promise<void> {
    requireClaim(await this.batches.start(start));
  }

  async close(lines: CloseBatchLines): Promise<void> {
    requireClaim(await this.lines.close(lines));
  }

  async finalize(finalize: FinalizeBatch): Promise<void> {
    requireClaim(await this.batches.finalize(finalize));
  }

  async outcomes(request: ReadBatchOutcomes): Promise<BatchOutcomes> {
    const outcomes = await this.lines.outcomes(request);
    if (!outcomes) throw faults.BATCH_CLAIM_LOST();
    return { outcomes };
  }

  async openFile(file: OpenBatchFile): Promise<void> {
    const filename = `${file.batchId}_${file.result}.jsonl`;
    requireClaim(await this.batches.openFile(file, filename));
  }

  async end({ outputFileId, errorFileId, ...claim }: EndBatch): Promise<void> {
    requireClaim(await this.batches.end(claim, { outputFileId, errorFileId }));
  }
}

function requireClaim(isHeld: boolean): void {
  if (!isHeld) throw faults.BATCH_CLAIM_LOST();
}
