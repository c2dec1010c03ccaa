import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { openCredentials } from '../domain/batch-credentials.js';
import { faults } from '../domain/faults.js';
import { BatchWorkStore } from './batch-store.js';
import { contextOfBatch } from './buyer-batches.js';
import { BatchTerms, type ClaimedBatch } from './claimed-batch.js';
import { FileVault } from './file-vault.js';

export type Claim = ClaimedBatch['claim'];

/** Takes batches to work on, and lets go of them. */
@Injectable()
export class BatchClaims {
  constructor(
    private readonly store: BatchWorkStore,
    private readonly vault: FileVault,
    private readonly terms: BatchTerms,
  ) {}

  /** Runs the work if the batch is to be had; it says how long there will be nothing to do. */
  async with(
    batchId: string,
    work: (opened: () => ClaimedBatch) => Promise<number>,
  ): Promise<void> {
    const claim: Claim = { batchId, runnerId: randomUUID() };
    const { claimMs } = this.terms;
    const claimed = await this.store.claim({ type: 'claim-batch', ...claim, claimMs });
    if (!claimed) return;
    const restMs = await work(() => this.opened(claimed, claim));
    await this.store.release({ type: 'release-batch', ...claim, restMs });
  }

  private opened(work: ClaimedBatch['work'], claim: Claim): ClaimedBatch {
    const series = this.vault.open(work.key, contextOfBatch(claim.batchId));
    const credentials = openCredentials(work.credentials, series);
    if (!credentials) throw faults.FILE_UNREADABLE({ reason: 'mismatched' });
    return { work, claim, credentials, series, input: this.vault.readerOf(work.input) };
  }
}
