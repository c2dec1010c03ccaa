import { FindResponse, ForgetResponse, KeepResponse } from '@aisbf/contracts';
import { parsed } from '@aisbf/platform';
import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { StoredResponses } from '../services/stored-responses.js';

/** Responses that later requests may build on; for our own services. */
@Controller('internal/v1/responses')
export class StoredResponsesController {
  constructor(private readonly responses: StoredResponses) {}

  @Post('find')
  @HttpCode(200)
  find(@Body(parsed(FindResponse)) request: FindResponse) {
    return this.responses.find(request);
  }

  @Post('keep')
  @HttpCode(200)
  async keep(@Body(parsed(KeepResponse)) request: KeepResponse) {
    await this.responses.keep(request);
    return {};
  }

  @Post('forget')
  @HttpCode(200)
  forget(@Body(parsed(ForgetResponse)) request: ForgetResponse) {
    return this.responses.forget(request);
  }
}
