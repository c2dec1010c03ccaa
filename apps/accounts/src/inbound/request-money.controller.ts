import {
  Authorise,
  CloseLease,
  Extend,
  KeepCheckpoints,
  OpenLease,
  RenewLease,
  Settle,
  SettleAll,
  Withdraw,
} from '@aisbf/contracts';
import { parsed } from '@aisbf/platform';
import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { Authorisation } from '../services/authorisation.js';
import { Checkpoints } from '../services/checkpoints.js';
import { LeaseStore } from '../services/lease-store.js';
import { Settlement } from '../services/settlement.js';
import { Withdrawal } from '../services/withdrawal.js';

/** The money of requests, for our own services: set aside, given more, charged, given back. */
@Controller('internal/v1')
export class RequestMoneyController {
  constructor(
    private readonly authorisation: Authorisation,
    private readonly settlement: Settlement,
    private readonly withdrawal: Withdrawal,
    private readonly leases: LeaseStore,
    private readonly checkpoints: Checkpoints,
  ) {}

  @Post('authorise')
  @HttpCode(200)
  authorise(@Body(parsed(Authorise)) command: Authorise) {
    return this.authorisation.authorise(command);
  }

  @Post('extend')
  @HttpCode(200)
  extend(@Body(parsed(Extend)) request: Extend) {
    return this.authorisation.extend(request);
  }

  @Post('checkpoints')
  @HttpCode(200)
  async keepCheckpoints(@Body(parsed(KeepCheckpoints)) { checkpoints }: KeepCheckpoints) {
    return { results: await this.checkpoints.keepAll(checkpoints) };
  }

  @Post('settle')
  @HttpCode(200)
  settle(@Body(parsed(Settle)) command: Settle) {
    return this.settlement.settle(command);
  }

  @Post('settle-all')
  @HttpCode(200)
  settleAll(@Body(parsed(SettleAll)) { settlements }: SettleAll) {
    return this.settlement.settleAll(settlements);
  }

  @Post('withdraw')
  @HttpCode(200)
  withdraw(@Body(parsed(Withdraw)) command: Withdraw) {
    return this.withdrawal.withdraw(command);
  }

  @Post('leases/open')
  @HttpCode(200)
  openLease(@Body(parsed(OpenLease)) request: OpenLease) {
    return this.leases.open(request);
  }

  @Post('leases/renew')
  @HttpCode(200)
  renewLease(@Body(parsed(RenewLease)) request: RenewLease) {
    return this.leases.renew(request);
  }

  @Post('leases/close')
  @HttpCode(200)
  async closeLease(@Body(parsed(CloseLease)) request: CloseLease) {
    await this.leases.close(request);
    return {};
  }
}
