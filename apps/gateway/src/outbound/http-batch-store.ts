import {
  type CancelBatch,
  type FindBatch,
  internalPaths,
  type ListStoredBatches,
  type OpenBatch,
  StoredBatch,
  StoredBatches,
} from '@aisbf/contracts';
import type { InternalClient } from '@aisbf/platform';
import type { OnApplicationShutdown } from '@nestjs/common';
import { BatchStore } from '../services/batch-store.js';

/** Accounts, over kept connections. */
export class HttpBatchStore extends BatchStore implements OnApplicationShutdown {
  constructor(private readonly accounts: InternalClient) {
    super();
  }

  open(batch: OpenBatch): Promise<StoredBatch> {
    return this.accounts.post(internalPaths.accountsOpenBatch, batch, StoredBatch);
  }

  find(question: FindBatch): Promise<StoredBatch> {
    return this.accounts.post(internalPaths.accountsFindBatch, question, StoredBatch);
  }

  list(question: ListStoredBatches): Promise<StoredBatches> {
    return this.accounts.post(internalPaths.accountsListBatches, question, StoredBatches);
  }

  cancel(request: CancelBatch): Promise<StoredBatch> {
    return this.accounts.post(internalPaths.accountsCancelBatch, request, StoredBatch);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.accounts.close();
  }
}
