import { CancelBatch, FindBatch, ListStoredBatches, OpenBatch } from '@aisbf/contracts';
import { parsed } from '@aisbf/platform';
import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { Batches } from '../services/batches.js';

/** Batches on behalf of their buyers, for the gateways. */
@Controller('internal/v1/batches')
export class BatchesController {
  constructor(private readonly batches: Batches) {}

  @Post('open')
  @HttpCode(200)
  open(@Body(parsed(OpenBatch)) request: OpenBatch) {
    return this.batches.open(request);
  }

  @Post('find')
  @HttpCode(200)
  find(@Body(parsed(FindBatch)) question: FindBatch) {
    return this.batches.find(question);
  }

  @Post('list')
  @HttpCode(200)
  list(@Body(parsed(ListStoredBatches)) question: ListStoredBatches) {
    return this.batches.list(question);
  }

  @Post('cancel')
  @HttpCode(200)
  cancel(@Body(parsed(CancelBatch)) request: CancelBatch) {
    return this.batches.cancel(request);
  }
}
