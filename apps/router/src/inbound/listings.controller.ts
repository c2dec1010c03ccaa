import { Id, ListChanges, OnBehalf, type Principal, PutListing } from '@aisbf/contracts';
import { Caller, parsed, Requires } from '@aisbf/platform';
import { Body, Controller, Delete, Get, HttpCode, Param, Put, Query } from '@nestjs/common';
import type { Actor } from '../domain/act.js';
import { ListingManagement } from '../services/listing-management.js';
import { TermManagement } from '../services/term-management.js';
import { Acting } from './acting.js';

@Controller('api/catalog/listings')
@Requires('manage')
export class ListingsController {
  constructor(
    private readonly listings: ListingManagement,
    private readonly terms: TermManagement,
  ) {}

  @Put()
  put(@Acting() principal: Actor, @Body(parsed(PutListing)) request: PutListing) {
    return this.listings.put(principal, request);
  }

  @Get()
  async list(@Caller() principal: Principal, @Query(parsed(OnBehalf)) { username }: OnBehalf) {
    return { listings: await this.listings.list(principal, username) };
  }

  @Get(':id')
  get(@Caller() principal: Principal, @Param('id', parsed(Id)) id: string) {
    return this.listings.get(principal, id);
  }

  @Delete(':id')
  @HttpCode(204)
  delete(@Acting() principal: Actor, @Param('id', parsed(Id)) id: string) {
    return this.listings.delete(principal, id);
  }

  @Get(':id/prices')
  prices(
    @Caller() principal: Principal,
    @Param('id', parsed(Id)) id: string,
    @Query(parsed(ListChanges)) page: ListChanges,
  ) {
    return this.terms.prices(principal, id, page);
  }

  @Delete(':id/prices/:changeId')
  @HttpCode(204)
  withdrawPrices(
    @Acting() principal: Actor,
    @Param('id', parsed(Id)) id: string,
    @Param('changeId', parsed(Id)) changeId: string,
  ) {
    return this.terms.withdrawPrices(principal, id, changeId);
  }
}
