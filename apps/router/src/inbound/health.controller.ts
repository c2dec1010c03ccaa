import { Id, type Principal } from '@aisbf/contracts';
import { Caller, parsed, Requires } from '@aisbf/platform';
import { Controller, Get, Param } from '@nestjs/common';
import { HealthReport } from '../services/health-report.js';

@Controller('api/catalog/providers/:id/health')
@Requires('manage')
export class HealthController {
  constructor(private readonly report: HealthReport) {}

  @Get()
  get(@Caller() principal: Principal, @Param('id', parsed(Id)) id: string) {
    return this.report.of(principal, id);
  }
}
