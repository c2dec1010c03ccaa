import { LiftUsageCheck, OnBehalf, type Principal } from '@aisbf/contracts';
import { Caller, parsed, Requires } from '@aisbf/platform';
import { Body, Controller, Get, HttpCode, Post, Query } from '@nestjs/common';
import type { Actor } from '../domain/act.js';
import { UsageCheckManagement } from '../services/usage-check-management.js';
import { Acting } from './acting.js';

@Controller('api/catalog/usage-checks')
@Requires('manage')
export class UsageChecksController {
  constructor(private readonly checks: UsageCheckManagement) {}

  @Get()
  async list(@Caller() principal: Principal, @Query(parsed(OnBehalf)) { username }: OnBehalf) {
    return { usageChecks: await this.checks.list(principal, username) };
  }

  @Post('lift')
  @HttpCode(204)
  lift(@Acting() principal: Actor, @Body(parsed(LiftUsageCheck)) request: LiftUsageCheck) {
    return this.checks.lift(principal, request);
  }
}
