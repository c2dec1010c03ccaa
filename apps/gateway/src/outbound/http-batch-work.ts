import {
  type AddBatchLines,
  BatchOutcomes,
  type BatchWork,
  type ClaimBatch,
  ClaimedBatch,
  type CloseBatchLines,
  DueBatches,
  type EndBatch,
  type FinalizeBatch,
  internalPaths,
  type OpenBatchFile,
  type PostponeBatchLine,
  type ReadBatchOutcomes,
  RecordedLine,
  type ReleaseBatch,
  type StartBatch,
  type TakeBatchLines,
  TakenBatchLines,
  toLineReportBytes,
} from '@aisbf/contracts';
import type { InternalClient } from '@aisbf/platform';
import type { OnApplicationShutdown } from '@nestjs/common';
import { z } from 'zod';
import { BatchWorkStore, type LineEnding } from '../services/batch-store.js';

const Done = z.strictObject({});

/** Accounts, over kept connections. */
export class HttpBatchWork extends BatchWorkStore implements OnApplicationShutdown {
  constructor(private readonly accounts: InternalClient) {
    super();
  }

  async due(limit: number): Promise<DueBatches['batches']> {
    const question = { type: 'find-due-batches', limit };
    return (await this.accounts.post(internalPaths.accountsDueBatches, question, DueBatches))
      .batches;
  }

  async claim(claim: ClaimBatch): Promise<BatchWork | null> {
    return (await this.accounts.post(internalPaths.accountsClaimBatch, claim, ClaimedBatch)).work;
  }

  release(release: ReleaseBatch): Promise<void> {
    return this.tell(internalPaths.accountsReleaseBatch, release);
  }

  addLines(lines: AddBatchLines): Promise<void> {
    return this.tell(internalPaths.accountsAddBatchLines, lines);
  }

  start(start: StartBatch): Promise<void> {
    return this.tell(internalPaths.accountsStartBatch, start);
  }

  takeLines(request: TakeBatchLines): Promise<TakenBatchLines> {
    return this.accounts.post(internalPaths.accountsTakeBatchLines, request, TakenBatchLines);
  }

  postpone(request: PostponeBatchLine): Promise<void> {
    return this.tell(internalPaths.accountsPostponeBatchLine, request);
  }

  async record({ batchId, position, result, requestId, ...report }: LineEnding): Promise<boolean> {
    const path = internalPaths.accountsBatchLine(batchId, position, result, requestId);
    const bytes = toLineReportBytes(report);
    return (await this.accounts.postBytes(path, bytes, RecordedLine)).isRecorded;
  }

  closeLines(request: CloseBatchLines): Promise<void> {
    return this.tell(internalPaths.accountsCloseBatchLines, request);
  }

  finalize(finalize: FinalizeBatch): Promise<void> {
    return this.tell(internalPaths.accountsFinalizeBatch, finalize);
  }

  async outcomes(request: ReadBatchOutcomes): Promise<BatchOutcomes['outcomes']> {
    const path = internalPaths.accountsReadBatchOutcomes;
    return (await this.accounts.post(path, request, BatchOutcomes)).outcomes;
  }

  openFile(file: OpenBatchFile): Promise<void> {
    return this.tell(internalPaths.accountsOpenBatchFile, file);
  }

  end(end: EndBatch): Promise<void> {
    return this.tell(internalPaths.accountsEndBatch, end);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.accounts.close();
  }

  private async tell(path: string, what: unknown): Promise<void> {
    await this.accounts.post(path, what, Done);
  }
}
