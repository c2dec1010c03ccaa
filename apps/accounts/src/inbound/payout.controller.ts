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
import type { Actor } from '../domain/audit.js';
import { PayoutAccounts } from '../services/payout-accounts.js';
import { PayoutDesk } from '../services/payout-desk.js';
import { PayoutUpkeep } from '../services/payout-upkeep.js';
import { Acting } from './acting.js';
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
  startOnboarding(@Acting() actor: Actor) {
    return this.accounts.startOnboarding(actor);
  }

  @Put('payout-accounts/:username')
  @Requires('manage')
  putAccount(
    @Acting() actor: Actor,
    @Param('username', parsed(Name)) username: string,
    @Body(parsed(PutPayoutAccount)) request: PutPayoutAccount,
  ) {
    return this.desk.putAccount(actor, username, request);
  }

  @Post('payout-runs')
  @Requires('manage')
  run(@Acting() actor: Actor, @Body(parsed(run)) request: RunPayouts) {
    return this.upkeep.runFor(actor, request.isDryRun);
  }

  @Post('payout-batches')
  @Requires('manage')
  createBatch(
    @Acting() actor: Actor,
    @Body(parsed(CreatePayoutBatch)) { batchId }: CreatePayoutBatch,
  ) {
    return this.desk.createBatch(actor, batchId);
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
    @Acting() actor: Actor,
    @Body(parsed(RecordPayoutOutcomes)) { outcomes }: RecordPayoutOutcomes,
  ) {
    return this.desk.record(actor, outcomes);
  }
}
