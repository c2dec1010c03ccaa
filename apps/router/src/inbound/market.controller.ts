import { ListMarket, type Principal } from '@aisbf/contracts';
import { Caller, parsed, Requires } from '@aisbf/platform';
import { Controller, Get, Query } from '@nestjs/common';
import { MarketReport } from '../services/market-report.js';

@Controller('api/catalog/market')
@Requires('manage')
export class MarketController {
  constructor(private readonly report: MarketReport) {}

  @Get()
  list(@Caller() principal: Principal, @Query(parsed(ListMarket)) question: ListMarket) {
    return this.report.page(principal, question);
  }
}
