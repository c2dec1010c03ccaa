import {
  AskEarnings,
  AskStatement,
  AskUsage,
  ListReceipts,
  ListSales,
  type Principal,
} from '@aisbf/contracts';
import { Caller, parsed, Requires } from '@aisbf/platform';
import { Controller, Get, Query } from '@nestjs/common';
import { countedUnits } from '../domain/usage.js';
import { UsageReports } from '../services/usage-reports.js';
import { csvAnswer } from './csv-answer.js';

/** What was bought and sold: sums, what they are the sums of, and months. */
@Controller('api/account')
export class UsageController {
  constructor(private readonly reports: UsageReports) {}

  @Get('receipts')
  @Requires('usage')
  receipts(@Caller() principal: Principal, @Query(parsed(ListReceipts)) query: ListReceipts) {
    return this.reports.receipts(principal, query);
  }

  @Get('sales')
  @Requires('usage')
  sales(@Caller() principal: Principal, @Query(parsed(ListSales)) query: ListSales) {
    return this.reports.sales(principal, query);
  }

  @Get('usage')
  @Requires('usage')
  usage(@Caller() principal: Principal, @Query(parsed(AskUsage)) asked: AskUsage) {
    if (asked.format === 'json') return this.reports.usageOf(principal, asked);
    const names = asked.by.flatMap((word) => (word === 'token' ? ['token', 'token_name'] : [word]));
    const columns = [...names, 'requests', ...countedUnits, 'charge', 'receipts'];
    return csvAnswer('usage', columns, this.reports.usageLines(principal, asked));
  }

  @Get('earnings')
  @Requires('usage')
  earnings(@Caller() principal: Principal, @Query(parsed(AskEarnings)) asked: AskEarnings) {
    if (asked.format === 'json') return this.reports.earningsOf(principal, asked);
    const columns = [...asked.by, 'requests', ...countedUnits, 'gross', 'fee', 'net', 'sales'];
    return csvAnswer('earnings', columns, this.reports.earningsLines(principal, asked));
  }

  @Get('statement')
  @Requires('usage')
  statement(@Caller() principal: Principal, @Query(parsed(AskStatement)) asked: AskStatement) {
    return this.reports.statement(principal, asked);
  }
}
