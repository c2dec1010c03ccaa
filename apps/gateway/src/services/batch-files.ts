import { randomUUID } from 'node:crypto';
import type { BatchOutcomes, LineResult } from '@aisbf/contracts';
import { Injectable } from '@nestjs/common';
import { faults } from '../domain/faults.js';
import { BatchWorkStore } from './batch-store.js';
import { BatchTerms, type ClaimedBatch } from './claimed-batch.js';
import { FileStore } from './file-store.js';
import { contextOfFile, FileVault } from './file-vault.js';

/** Outcomes that are read in one go. */
const readBytesMax = 4_194_304;

/** Writes the outcomes of a batch's lines into its files, in the order of the lines. */
@Injectable()
export class BatchFiles {
  constructor(
    private readonly store: BatchWorkStore,
    private readonly files: FileStore,
    private readonly vault: FileVault,
    private readonly terms: BatchTerms,
  ) {}

  /** The id of the file of its answers, or of its errors; null where there are none. */
  async write(batch: ClaimedBatch, result: LineResult): Promise<string | null> {
    const first = await this.outcomes(batch, result, 0);
    if (first.length === 0) return null;
    const fileId = `file-${randomUUID().replaceAll('-', '')}`;
    const { series, key } = this.vault.begin(contextOfFile(fileId));
    await this.store.openFile({ type: 'open-batch-file', ...batch.claim, result, fileId, key });
    const lines = this.lines(batch, result, first);
    await this.files.finish(fileId, await this.vault.write(fileId, series, lines));
    return fileId;
  }

  private async *lines(
    batch: ClaimedBatch,
    result: LineResult,
    first: BatchOutcomes['outcomes'],
  ): AsyncGenerator<Buffer> {
    let outcomes = first;
    while (outcomes.length > 0) {
      for (const { position, outcome } of outcomes) {
        const line = batch.series.unseal(Buffer.from(outcome, 'base64'), { position });
        if (!line) throw faults.FILE_UNREADABLE({ reason: 'mismatched' });
        yield Buffer.concat([line, Buffer.from('\n')]);
      }
      outcomes = await this.outcomes(batch, result, outcomes.at(-1)?.position ?? 0);
    }
  }

  private outcomes({ claim }: ClaimedBatch, result: LineResult, after: number) {
    const { claimMs } = this.terms;
    const wanted = { result, after, bytesMax: readBytesMax };
    return this.store.outcomes({ type: 'read-batch-outcomes', ...claim, claimMs, ...wanted });
  }
}
