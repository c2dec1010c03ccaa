import { Name, OnBehalf, type Principal, PutAutoselect } from '@aisbf/contracts';
import { Caller, parsed, Requires } from '@aisbf/platform';
import { Body, Controller, Delete, Get, HttpCode, Param, Put, Query } from '@nestjs/common';
import type { Actor } from '../domain/act.js';
import { AutoselectManagement } from '../services/autoselect-management.js';
import { Acting } from './acting.js';

@Controller('api/catalog/autoselects')
@Requires('manage')
export class AutoselectsController {
  constructor(private readonly autoselects: AutoselectManagement) {}

  @Put(':name')
  put(
    @Acting() principal: Actor,
    @Param('name', parsed(Name)) name: string,
    @Body(parsed(PutAutoselect)) request: PutAutoselect,
  ) {
    return this.autoselects.put(principal, name, request);
  }

  @Get()
  async list(@Caller() principal: Principal, @Query(parsed(OnBehalf)) { username }: OnBehalf) {
    return { autoselects: await this.autoselects.list({ principal, username }) };
  }

  @Get(':name')
  get(
    @Caller() principal: Principal,
    @Param('name', parsed(Name)) name: string,
    @Query(parsed(OnBehalf)) { username }: OnBehalf,
  ) {
    return this.autoselects.get({ principal, username }, name);
  }

  @Delete(':name')
  @HttpCode(204)
  delete(
    @Acting() principal: Actor,
    @Param('name', parsed(Name)) name: string,
    @Query(parsed(OnBehalf)) { username }: OnBehalf,
  ) {
    return this.autoselects.delete({ principal, username }, name);
  }
}
