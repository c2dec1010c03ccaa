import { internalPaths, RecordAct } from '@aisbf/contracts';
import { parsed } from '@aisbf/platform';
import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { TakenActs } from '../services/taken-acts.js';

/** For our own services that let people manage something. */
@Controller()
export class ActsController {
  constructor(private readonly acts: TakenActs) {}

  @Post(internalPaths.accountsRecordAct)
  @HttpCode(200)
  async record(@Body(parsed(RecordAct)) act: RecordAct) {
    await this.acts.take(act);
    return {};
  }
}
