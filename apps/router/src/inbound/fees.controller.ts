import { Id, ListChanges, Name, type Principal, PutFee } from '@aisbf/contracts';
import { Caller, parsed, Requires } from '@aisbf/platform';
import { Body, Controller, Delete, Get, HttpCode, Param, Put, Query } from '@nestjs/common';
import type { Actor } from '../domain/act.js';
import { FeeManagement } from '../services/fee-management.js';
import { TermManagement } from '../services/term-management.js';
import { Acting } from './acting.js';

@Controller('api/catalog')
@Requires('manage')
export class FeesController {
  constructor(
    private readonly fees: FeeManagement,
    private readonly terms: TermManagement,
  ) {}

  @Put('listings/:id/fee')
  putListingFee(
    @Acting() principal: Actor,
    @Param('id', parsed(Id)) id: string,
    @Body(parsed(PutFee)) fee: PutFee,
  ) {
    return this.fees.putListingFee(principal, id, fee);
  }

  @Get('listings/:id/fees')
  listingFees(
    @Caller() principal: Principal,
    @Param('id', parsed(Id)) id: string,
    @Query(parsed(ListChanges)) page: ListChanges,
  ) {
    return this.terms.listingFees(principal, id, page);
  }

  @Delete('listings/:id/fees/:changeId')
  @HttpCode(204)
  withdrawListingFee(
    @Acting() principal: Actor,
    @Param('id', parsed(Id)) id: string,
    @Param('changeId', parsed(Id)) changeId: string,
  ) {
    return this.terms.withdrawListingFee(principal, id, changeId);
  }

  @Get('sellers/:username/fee')
  sellerFee(@Caller() principal: Principal, @Param('username', parsed(Name)) username: string) {
    return this.fees.sellerFee(principal, username);
  }

  @Put('sellers/:username/fee')
  putSellerFee(
    @Acting() principal: Actor,
    @Param('username', parsed(Name)) username: string,
    @Body(parsed(PutFee)) fee: PutFee,
  ) {
    return this.fees.putSellerFee(principal, username, fee);
  }

  @Get('sellers/:username/fees')
  sellerFees(
    @Caller() principal: Principal,
    @Param('username', parsed(Name)) username: string,
    @Query(parsed(ListChanges)) page: ListChanges,
  ) {
    return this.terms.sellerFees(principal, username, page);
  }

  @Delete('sellers/:username/fees/:changeId')
  @HttpCode(204)
  withdrawSellerFee(
    @Acting() principal: Actor,
    @Param('username', parsed(Name)) username: string,
    @Param('changeId', parsed(Id)) changeId: string,
  ) {
    return this.terms.withdrawSellerFee(principal, username, changeId);
  }
}
