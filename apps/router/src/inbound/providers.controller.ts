import { CreateProvider, Id, OnBehalf, type Principal, UpdateProvider } from '@aisbf/contracts';
import { Caller, parsed, Requires } from '@aisbf/platform';
import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import type { Actor } from '../domain/act.js';
import { ProviderManagement } from '../services/provider-management.js';
import { Acting } from './acting.js';

@Controller('api/catalog/providers')
@Requires('manage')
export class ProvidersController {
  constructor(private readonly providers: ProviderManagement) {}

  @Post()
  create(@Acting() principal: Actor, @Body(parsed(CreateProvider)) request: CreateProvider) {
    return this.providers.create(principal, request);
  }

  @Get()
  async list(@Caller() principal: Principal, @Query(parsed(OnBehalf)) { username }: OnBehalf) {
    return { providers: await this.providers.list(principal, username) };
  }

  @Get(':id')
  get(@Caller() principal: Principal, @Param('id', parsed(Id)) id: string) {
    return this.providers.get(principal, id);
  }

  @Patch(':id')
  update(
    @Acting() principal: Actor,
    @Param('id', parsed(Id)) id: string,
    @Body(parsed(UpdateProvider)) request: UpdateProvider,
  ) {
    return this.providers.update(principal, id, request);
  }

  @Delete(':id')
  @HttpCode(204)
  delete(@Acting() principal: Actor, @Param('id', parsed(Id)) id: string) {
    return this.providers.delete(principal, id);
  }
}
