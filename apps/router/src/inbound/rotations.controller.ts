import { Name, OnBehalf, type Principal, PutRotation } from '@aisbf/contracts';
import { Caller, parsed, Requires } from '@aisbf/platform';
import { Body, Controller, Delete, Get, HttpCode, Param, Put, Query } from '@nestjs/common';
import type { Actor } from '../domain/act.js';
import { RotationManagement } from '../services/rotation-management.js';
import { Acting } from './acting.js';

@Controller('api/catalog/rotations')
@Requires('manage')
export class RotationsController {
  constructor(private readonly rotations: RotationManagement) {}

  @Put(':name')
  put(
    @Acting() principal: Actor,
    @Param('name', parsed(Name)) name: string,
    @Body(parsed(PutRotation)) request: PutRotation,
  ) {
    return this.rotations.put(principal, name, request);
  }

  @Get()
  async list(@Caller() principal: Principal, @Query(parsed(OnBehalf)) { username }: OnBehalf) {
    return { rotations: await this.rotations.list({ principal, username }) };
  }

  @Delete(':name')
  @HttpCode(204)
  delete(
    @Acting() principal: Actor,
    @Param('name', parsed(Name)) name: string,
    @Query(parsed(OnBehalf)) { username }: OnBehalf,
  ) {
    return this.rotations.delete({ principal, username }, name);
  }
}
