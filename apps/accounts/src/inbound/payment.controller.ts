import {
  CreateTopUp,
  Id,
  ListDisputes,
  ListTopUps,
  PaymentWebhook,
  type Principal,
  ProviderName,
  PutAutoTopUp,
  RefundRequest,
  RefundTopUp,
  RequestId,
  WriteOffDebt,
} from '@aisbf/contracts';
import { Caller, parse, parsed, Requires } from '@aisbf/platform';
import {
  Body,
  Controller,
  Get,
  HttpCode,
  Param,
  Post,
  Put,
  Query,
  type RawBodyRequest,
  Req,
} from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { Actor } from '../domain/audit.js';
import { AutoTopUps } from '../services/auto-top-ups.js';
import { Debts } from '../services/debts.js';
import { PaymentEvents } from '../services/payment-events.js';
import { Promotions } from '../services/promotions.js';
import { Refunds } from '../services/refunds.js';
import { TopUps } from '../services/top-ups.js';
import { Acting } from './acting.js';

/** The REST API for money that comes in and goes back. */
@Controller('api/account')
export class PaymentController {
  constructor(
    private readonly topUps: TopUps,
    private readonly autoTopUps: AutoTopUps,
    private readonly refunds: Refunds,
    private readonly promotions: Promotions,
    private readonly debts: Debts,
    private readonly events: PaymentEvents,
  ) {}

  @Post('top-ups')
  @Requires('manage')
  createTopUp(@Caller() principal: Principal, @Body(parsed(CreateTopUp)) request: CreateTopUp) {
    return this.topUps.create(principal, request);
  }

  @Get('top-ups')
  @Requires('manage')
  async listTopUps(@Caller() principal: Principal, @Query(parsed(ListTopUps)) query: ListTopUps) {
    return { topUps: await this.topUps.list(principal, query) };
  }

  @Get('top-ups/:id')
  @Requires('manage')
  getTopUp(@Caller() principal: Principal, @Param('id', parsed(Id)) id: string) {
    return this.topUps.get(principal, id);
  }

  @Put('auto-top-up')
  @Requires('manage')
  putAutoTopUp(@Acting() actor: Actor, @Body(parsed(PutAutoTopUp)) request: PutAutoTopUp) {
    return this.autoTopUps.put(actor, request);
  }

  @Get('auto-top-up')
  @Requires('manage')
  getAutoTopUp(@Caller() principal: Principal) {
    return this.autoTopUps.get(principal);
  }

  @Get('promo-grants')
  @Requires('usage')
  listPromoGrants(@Caller() principal: Principal) {
    return this.promotions.list(principal);
  }

  @Post('top-ups/:id/refunds')
  @Requires('manage')
  refundTopUp(
    @Acting() actor: Actor,
    @Param('id', parsed(Id)) topUpId: string,
    @Body(parsed(RefundTopUp)) request: RefundTopUp,
  ) {
    return this.refunds.refundTopUp(actor, topUpId, request);
  }

  @Post('receipts/:id/refunds')
  @Requires('manage')
  refundRequest(
    @Acting() actor: Actor,
    @Param('id', parsed(RequestId)) requestId: string,
    @Body(parsed(RefundRequest)) request: RefundRequest,
  ) {
    return this.refunds.refundRequest(actor, requestId, request);
  }

  @Get('disputes')
  @Requires('manage')
  listDisputes(
    @Caller() principal: Principal,
    @Query(parsed(ListDisputes)) { limit }: ListDisputes,
  ) {
    return this.refunds.disputes(principal, limit);
  }

  @Post('debt-write-offs')
  @Requires('manage')
  writeOffDebt(@Acting() actor: Actor, @Body(parsed(WriteOffDebt)) request: WriteOffDebt) {
    return this.debts.writeOff(actor, request);
  }

  /** The signature is over the bytes as they came; nothing else proves who calls. */
  @Post('payments/webhook/:provider')
  @HttpCode(200)
  takePaymentEvent(
    @Param('provider', parsed(ProviderName)) provider: ProviderName,
    @Req() request: RawBodyRequest<FastifyRequest>,
  ) {
    parse(PaymentWebhook, request.body);
    const signature = request.headers['stripe-signature'];
    return this.events.webhook(provider, request.rawBody ?? Buffer.alloc(0), String(signature));
  }
}
