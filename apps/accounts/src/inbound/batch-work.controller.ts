import {
  AddBatchLines,
  ClaimBatch,
  CloseBatchLines,
  EndBatch,
  FinalizeBatch,
  FindDueBatches,
  LineOutcome,
  LinePlace,
  OpenBatchFile,
  PostponeBatchLine,
  ReadBatchOutcomes,
  ReleaseBatch,
  StartBatch,
  TakeBatchLines,
} from '@aisbf/contracts';
import { parsed } from '@aisbf/platform';
import { Body, Controller, HttpCode, Param, Post, Query } from '@nestjs/common';
import type { z } from 'zod';
import { BatchDesk } from '../services/batch-desk.js';
import { BatchLineStore } from '../services/batch-line-store.js';
import { BatchStore } from '../services/batch-store.js';
import { bytesOf } from './binary-body.js';

/** The work on batches, which gateways share. */
@Controller('internal/v1/batch-work')
export class BatchWorkController {
  constructor(
    private readonly desk: BatchDesk,
    private readonly batches: BatchStore,
    private readonly lines: BatchLineStore,
  ) {}

  @Post('due')
  @HttpCode(200)
  async due(@Body(parsed(FindDueBatches)) { limit }: z.infer<typeof FindDueBatches>) {
    return { batches: await this.batches.due(limit) };
  }

  @Post('claim')
  @HttpCode(200)
  async claim(@Body(parsed(ClaimBatch)) claim: ClaimBatch) {
    return { work: (await this.batches.claim(claim)) ?? null };
  }

  @Post('release')
  @HttpCode(200)
  async release(@Body(parsed(ReleaseBatch)) release: ReleaseBatch) {
    await this.batches.release(release);
    return {};
  }

  @Post('add-lines')
  @HttpCode(200)
  async addLines(@Body(parsed(AddBatchLines)) lines: AddBatchLines) {
    await this.desk.add(lines);
    return {};
  }

  @Post('start')
  @HttpCode(200)
  async start(@Body(parsed(StartBatch)) start: StartBatch) {
    await this.desk.start(start);
    return {};
  }

  @Post('take-lines')
  @HttpCode(200)
  takeLines(@Body(parsed(TakeBatchLines)) request: TakeBatchLines) {
    return this.desk.take(request);
  }

  @Post('postpone-line')
  @HttpCode(200)
  async postponeLine(@Body(parsed(PostponeBatchLine)) request: PostponeBatchLine) {
    await this.lines.postpone(request);
    return {};
  }

  @Post(':id/lines/:position')
  @HttpCode(200)
  async record(
    @Param(parsed(LinePlace)) place: LinePlace,
    @Query(parsed(LineOutcome)) outcome: LineOutcome,
    @Body() body: unknown,
  ) {
    return { isRecorded: await this.lines.record(place, outcome, bytesOf(body)) };
  }

  @Post('close-lines')
  @HttpCode(200)
  async closeLines(@Body(parsed(CloseBatchLines)) lines: CloseBatchLines) {
    await this.desk.close(lines);
    return {};
  }

  @Post('finalize')
  @HttpCode(200)
  async finalize(@Body(parsed(FinalizeBatch)) finalize: FinalizeBatch) {
    await this.desk.finalize(finalize);
    return {};
  }

  @Post('read-outcomes')
  @HttpCode(200)
  readOutcomes(@Body(parsed(ReadBatchOutcomes)) request: ReadBatchOutcomes) {
    return this.desk.outcomes(request);
  }

  @Post('open-file')
  @HttpCode(200)
  async openFile(@Body(parsed(OpenBatchFile)) file: OpenBatchFile) {
    await this.desk.openFile(file);
    return {};
  }

  @Post('end')
  @HttpCode(200)
  async end(@Body(parsed(EndBatch)) end: EndBatch) {
    await this.desk.end(end);
    return {};
  }
}
