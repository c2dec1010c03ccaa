import type { BatchError } from '@aisbf/contracts';
import { Injectable } from '@nestjs/common';
import { BatchClaims } from './batch-claims.js';
import { BatchEvents } from './batch-events.js';
import { BatchFiles } from './batch-files.js';
import { BatchLines, type Ending } from './batch-lines.js';
import { BatchWorkStore } from './batch-store.js';
import { BatchValidation } from './batch-validation.js';
import { type ClaimedBatch, isClaimLost } from './claimed-batch.js';

/** After something went wrong with the batch as a whole. */
const troubleRestMs = 5_000;

const voidToken: BatchError = {
  code: 'invalid_api_key',
  message: 'The API token that the batch was made with is not valid any more.',
  line: null,
  param: null,
};

/** Takes a batch up where whoever had it before has left it, and on as far as it gets. */
@Injectable()
export class BatchRunner {
  private readonly leaving = new AbortController();
  private readonly left = new AbortController();

  constructor(
    private readonly store: BatchWorkStore,
    private readonly claims: BatchClaims,
    private readonly validation: BatchValidation,
    private readonly lines: BatchLines,
    private readonly files: BatchFiles,
    private readonly events: BatchEvents,
  ) {}

  advance(batchId: string): Promise<void> {
    return this.claims.with(batchId, async (opened) => {
      try {
        return await this.work(opened());
      } catch (error) {
        // Whoever has it now goes on with it.
        if (!isClaimLost(error)) this.events.batchBroke(batchId, error);
        return troubleRestMs;
      }
    });
  }

  /** No line begins any more. */
  leave(): void {
    this.leaving.abort();
  }

  /** What still runs is given up, and taken up elsewhere. */
  giveUp(): void {
    this.left.abort();
  }

  /** How long there will be nothing to do for it. */
  private async work(batch: ClaimedBatch): Promise<number> {
    const { status, inProgressAtS } = batch.work.batch;
    if (status === 'finalizing') return this.end(batch);
    if (status === 'cancelling' && inProgressAtS === null) return this.finalize(batch, 'cancelled');
    if (status === 'validating' && !(await this.validation.run(batch))) return 0;
    const stop = { leaving: this.leaving.signal, left: this.left.signal };
    const end = await this.lines.run(batch, stop);
    if (typeof end === 'object') return end.restMs;
    if (end !== 'completed') await this.lines.close(batch, end);
    return this.finalize(batch, end);
  }

  private async finalize(batch: ClaimedBatch, ending: Ending): Promise<number> {
    const errors: [BatchError] | null = ending === 'failed' ? [voidToken] : null;
    await this.store.finalize({ type: 'finalize-batch', ...batch.claim, ending, errors });
    return this.end(batch);
  }

  private async end(batch: ClaimedBatch): Promise<number> {
    const outputFileId = await this.files.write(batch, 'output');
    const errorFileId = await this.files.write(batch, 'error');
    await this.store.end({ type: 'end-batch', ...batch.claim, outputFileId, errorFileId });
    return 0;
  }
}
