import { Name, OnBehalf, type Principal, PutImport } from '@aisbf/contracts';
import { Caller, parsed, Requires } from '@aisbf/platform';
import { Body, Controller, Delete, Get, HttpCode, Param, Put, Query } from '@nestjs/common';
import type { Actor } from '../domain/act.js';
import { ImportManagement } from '../services/import-management.js';
import { Acting } from './acting.js';

@Controller('api/catalog/imports')
@Requires('manage')
export class ImportsController {
  constructor(private readonly imports: ImportManagement) {}

  @Put(':name')
  put(
    @Acting() principal: Actor,
    @Param('name', parsed(Name)) name: string,
    @Body(parsed(PutImport)) request: PutImport,
  ) {
    return this.imports.put(principal, name, request);
  }

  @Get()
  async list(@Caller() principal: Principal, @Query(parsed(OnBehalf)) { username }: OnBehalf) {
    return { imports: await this.imports.list({ principal, username }) };
  }

  @Get(':name')
  get(
    @Caller() principal: Principal,
    @Param('name', parsed(Name)) name: string,
    @Query(parsed(OnBehalf)) { username }: OnBehalf,
  ) {
    return this.imports.get({ principal, username }, name);
  }

  @Delete(':name')
  @HttpCode(204)
  delete(
    @Acting() principal: Actor,
    @Param('name', parsed(Name)) name: string,
    @Query(parsed(OnBehalf)) { username }: OnBehalf,
  ) {
    return this.imports.delete({ principal, username }, name);
  }
}
