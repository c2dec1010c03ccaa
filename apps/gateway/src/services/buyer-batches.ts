import type { CreateBatch, StoredBatch } from '@aisbf/contracts';
import { Fault } from '@aisbf/faults';
import { Log } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import { type BatchCredentials, isBatchId, sealCredentials } from '../domain/batch-credentials.js';
import { faults } from '../domain/faults.js';
import { isFileId } from '../domain/file-upload.js';
import { BatchQueue, BatchStore } from './batch-store.js';
import type { Asking } from './buyer-files.js';
import { FileVault } from './file-vault.js';

/** Batches as buyers make, find and cancel them. */
@Injectable()
export class BuyerBatches {
  constructor(
    private readonly store: BatchStore,
    private readonly queue: BatchQueue,
    private readonly vault: FileVault,
    private readonly log: Log,
  ) {}

  async create(
    maker: BatchCredentials,
    batchId: string,
    request: CreateBatch,
  ): Promise<StoredBatch> {
    const {
      input_file_id: inputFileId,
      endpoint,
      metadata,
      output_expires_after: expiry,
    } = request;
    if (!isFileId(inputFileId)) throw faults.BATCH_FILE_MISSING({ param: 'input_file_id' });
    const { place: _place, ...asking } = maker;
    const { series, key } = this.vault.begin(contextOfBatch(batchId));
    const batch = await this.store.open({
      ...{ type: 'open-batch', ...asking, batchId, endpoint, inputFileId, key },
      metadata: metadata ?? null,
      outputTtlS: expiry?.seconds ?? null,
      credentials: sealCredentials(maker, series),
    });
    await this.announce(batchId);
    return batch;
  }

  async find(asking: Asking, batchId: string): Promise<StoredBatch> {
    if (!isBatchId(batchId)) throw faults.BATCH_MISSING();
    return this.store.find({ type: 'find-batch', ...asking, batchId });
  }

  list(asking: Asking, { limit, after }: Readonly<{ limit: number; after?: string | undefined }>) {
    return this.store.list({ type: 'list-batches', ...asking, limit, after: after ?? null });
  }

  async cancel(asking: Asking, batchId: string): Promise<StoredBatch> {
    if (!isBatchId(batchId)) throw faults.BATCH_MISSING();
    return this.store.cancel({ type: 'cancel-batch', ...asking, batchId });
  }

  /** Who works on batches finds it by itself; so it is sooner. */
  private async announce(batchId: string): Promise<void> {
    try {
      await this.queue.add([{ batchId, claims: 0 }]);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      this.log.warn({ batchId, error }, 'a batch waits until it is looked for');
    }
  }
}

export function contextOfBatch(batchId: string): string {
  return `batch ${batchId}`;
}
