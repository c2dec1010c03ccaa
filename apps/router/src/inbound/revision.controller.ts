import type { Principal } from '@aisbf/contracts';
import { Caller, Requires } from '@aisbf/platform';
import { Controller, Get } from '@nestjs/common';
import { RevisionReport } from '../services/revision-report.js';

@Controller('api/catalog/revision')
@Requires('manage')
export class RevisionController {
  constructor(private readonly report: RevisionReport) {}

  @Get()
  get(@Caller() principal: Principal) {
    return this.report.of(principal);
  }
}
