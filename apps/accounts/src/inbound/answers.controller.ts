import { FindAnswer, KeepAnswer } from '@aisbf/contracts';
import { parsed } from '@aisbf/platform';
import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { Idempotency } from '../services/idempotency.js';

/** Answers that are kept for repeats of their requests; for our own services. */
@Controller('internal/v1/answers')
export class AnswersController {
  constructor(private readonly idempotency: Idempotency) {}

  @Post('find')
  @HttpCode(200)
  find(@Body(parsed(FindAnswer)) request: FindAnswer) {
    return this.idempotency.find(request);
  }

  @Post('keep')
  @HttpCode(200)
  async keep(@Body(parsed(KeepAnswer)) request: KeepAnswer) {
    await this.idempotency.keep(request);
    return {};
  }
}
