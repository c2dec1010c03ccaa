import { Id, OnBehalf, type Principal, PutListing } from '@aisbf/contracts';
import { Caller, parsed, Requires } from '@aisbf/platform';
import { Body, Controller, Delete, Get, HttpCode, Param, Put, Query } from '@nestjs/common';
import { ListingManagement } from '../services/listing-management.js';

@Controller('api/catalog/listings')
@Requires('manage')
export class ListingsController {
  constructor(private readonly listings: ListingManagement) {}

  @Put()
  put(@Caller() principal: Principal, @Body(parsed(PutListing)) request: PutListing) {
    return this.listings.put(principal, request);
  }

  @Get()
  async list(@Caller() principal: Principal, @Query(parsed(OnBehalf)) { username }: OnBehalf) {
    return { listings: await this.listings.list(principal, username) };
  }

  @Delete(':id')
  @HttpCode(204)
  delete(@Caller() principal: Principal, @Param('id', parsed(Id)) id: string) {
    return this.listings.delete(principal, id);
  }
}
