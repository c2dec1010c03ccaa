import {
  CreatePayoutBatch,
  Id,
  ListPayouts,
  Name,
  type Principal,
  PutPayoutAccount,
  RecordPayoutOutcomes,
  RunPayouts,
} from '@aisbf/contracts';
import { Caller, parsed, Requires } from '@aisbf/platform';
import { Body, Controller, Get, HttpCode, Param, Post, Put, Query } from '@nestjs/common';
import { PayoutAccounts } from '../services/payout-accounts.js';
import { PayoutDesk } from '../services/payout-desk.js';
import { PayoutUpkeep } from '../services/payout-upkeep.js';
import { csvAnswer } from './csv-answer.js';

const run = RunPayouts.nullish().transform((request) => request ?? { isDryRun: false });

/** What becomes of earnings, for owners and operators. */
@Controller('api/account')
export class PayoutController {
  constructor(
    private readonly desk: PayoutDesk,
    private readonly accounts: PayoutAccounts,
    private readonly upkeep: PayoutUpkeep,
  ) {}

  @Get('earnings-balance')
  @Requires('usage')
  balance(@Caller() principal: Principal) {
    return this.desk.balance(principal);
  }

  @Get('payouts')
  @Requires('usage')
  async list(@Caller() principal: Principal, @Query(parsed(ListPayouts)) query: ListPayouts) {
    return { payouts: await this.desk.list(principal, query) };
  }

  @Get('payouts/:id')
  @Requires('usage')
  payout(@Caller() principal: Principal, @Param('id', parsed(Id)) payoutId: string) {
    return this.desk.payout(principal, payoutId);
  }

  @Get('payout-account')
  @Requires('usage')
  account(@Caller() principal: Principal) {
    return this.accounts.account(principal);
  }

  @Post('payout-account/onboarding')
  @Requires('manage')
  startOnboarding(@Caller() principal: Principal) {
    return this.accounts.startOnboarding(principal);
  }

  @Put('payout-accounts/:username')
  @Requires('manage')
  putAccount(
    @Caller() principal: Principal,
    @Param('username', parsed(Name)) username: string,
    @Body(parsed(PutPayoutAccount)) request: PutPayoutAccount,
  ) {
    return this.desk.putAccount(principal, username, request);
  }

  @Post('payout-runs')
  @Requires('manage')
  run(@Caller() principal: Principal, @Body(parsed(run)) request: RunPayouts) {
    return this.upkeep.runFor(principal, request.isDryRun);
  }

  @Post('payout-batches')
  @Requires('manage')
  createBatch(
    @Caller() principal: Principal,
    @Body(parsed(CreatePayoutBatch)) { batchId }: CreatePayoutBatch,
  ) {
    return this.desk.createBatch(principal, batchId);
  }

  @Get('payout-batches/:id')
  @Requires('manage')
  async batch(@Caller() principal: Principal, @Param('id', parsed(Id)) batchId: string) {
    const columns = ['payout_id', 'username', 'destination', 'amount', 'currency'];
    return csvAnswer(`payouts-${batchId}`, columns, await this.desk.batch(principal, batchId));
  }

  @Post('payout-outcomes')
  @HttpCode(200)
  @Requires('manage')
  record(
    @Caller() principal: Principal,
    @Body(parsed(RecordPayoutOutcomes)) { outcomes }: RecordPayoutOutcomes,
  ) {
    return this.desk.record(principal, outcomes);
  }
}
