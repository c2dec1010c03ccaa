import { Id, type Principal } from '@aisbf/contracts';
import { Caller, parsed, Requires } from '@aisbf/platform';
import { Controller, Get, Param } from '@nestjs/common';
import { PaceReport } from '../services/pace-report.js';

@Controller('api/catalog/providers/:id/pace')
@Requires('manage')
export class PaceController {
  constructor(private readonly report: PaceReport) {}

  @Get()
  get(@Caller() principal: Principal, @Param('id', parsed(Id)) id: string) {
    return this.report.of(principal, id);
  }
}
