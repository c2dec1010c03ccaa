import { requireOwnPath } from '@aisbf/access';
import type {
  CancelBatch,
  FindBatch,
  ListStoredBatches,
  OpenBatch,
  StoredBatch,
  StoredBatches,
} from '@aisbf/contracts';
import { Injectable } from '@nestjs/common';
import { faults } from '../domain/faults.js';
import { BatchStore } from './batch-store.js';
import { FileLimits } from './files.js';
import { Identity } from './identity.js';

/** Also the DI token. */
export class BatchLimits {
  constructor(
    /** Of one owner that are not over. */
    readonly batchesMax: number,
    /** What a buyer calls 24 hours. */
    readonly windowMs: number,
  ) {}
}

/** Batches as their buyers see them: each is its owner's, and for anybody else it is not there. */
@Injectable()
export class Batches {
  constructor(
    private readonly store: BatchStore,
    private readonly identity: Identity,
    private readonly limits: BatchLimits,
    private readonly files: FileLimits,
  ) {}

  async open(request: OpenBatch): Promise<StoredBatch> {
    const { batchId: id, endpoint, inputFileId, metadata, outputTtlS, key, credentials } = request;
    const ownerId = await this.ownerOf(request);
    const { batchesMax, windowMs } = this.limits;
    const batch = { id, ownerId, endpoint, inputFileId, metadata, windowMs, key, credentials };
    const result = await this.store.open(
      { ...batch, outputTtlS: outputTtlS ?? this.files.ttlS },
      batchesMax,
    );
    if (result === 'too_many') throw faults.BATCHES_TOO_MANY({ batchesMax });
    if (result === 'file_missing') throw faults.BATCH_FILE_MISSING({ param: 'input_file_id' });
    return this.require(ownerId, id);
  }

  async find(question: FindBatch): Promise<StoredBatch> {
    return this.require(await this.ownerOf(question), question.batchId);
  }

  async list(question: ListStoredBatches): Promise<StoredBatches> {
    const { limit, after } = question;
    const ownerId = await this.ownerOf(question);
    const batches = await this.store.list(ownerId, { limit: limit + 1, after });
    if (!batches) throw faults.BATCH_MISSING({ param: 'after' });
    return { batches: batches.slice(0, limit), hasMore: batches.length > limit };
  }

  /** Whoever cancels again is told how things stand. */
  async cancel(request: CancelBatch): Promise<StoredBatch> {
    const ownerId = await this.ownerOf(request);
    const isCancelled = await this.store.cancel(ownerId, request.batchId);
    const batch = await this.require(ownerId, request.batchId);
    if (!isCancelled) throw faults.BATCH_NOT_CANCELLABLE({ status: batch.status });
    return batch;
  }

  private async require(ownerId: string, batchId: string): Promise<StoredBatch> {
    const batch = await this.store.find(ownerId, batchId);
    if (!batch) throw faults.BATCH_MISSING();
    return batch;
  }

  private async ownerOf({
    apiToken,
    pathUsername,
    clientAddress,
  }: Pick<OpenBatch, 'apiToken' | 'pathUsername' | 'clientAddress'>): Promise<string> {
    const principal = await this.identity.require(apiToken, 'inference', clientAddress);
    requireOwnPath(principal, pathUsername);
    return principal.ownerId;
  }
}
