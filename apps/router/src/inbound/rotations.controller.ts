import { Name, OnBehalf, type Principal, PutRotation } from '@aisbf/contracts';
import { parsed } from '@aisbf/platform';
import {
  Body,
  Controller,
  Delete,
  Get,
  HttpCode,
  Param,
  Put,
  Query,
  UseGuards,
} from '@nestjs/common';
import { RotationManagement } from '../services/rotation-management.js';
import { Caller, ManagerGuard } from './caller.js';

@Controller('api/catalog/rotations')
@UseGuards(ManagerGuard)
export class RotationsController {
  constructor(private readonly rotations: RotationManagement) {}

  @Put(':name')
  put(
    @Caller() principal: Principal,
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
    @Caller() principal: Principal,
    @Param('name', parsed(Name)) name: string,
    @Query(parsed(OnBehalf)) { username }: OnBehalf,
  ) {
    return this.rotations.delete({ principal, username }, name);
  }
}
