import { CreateRegistration, Id, type Principal, RotateRegistration } from '@aisbf/contracts';
import { Caller, parsed, Requires } from '@aisbf/platform';
import { Body, Controller, Delete, Get, HttpCode, Param, Post } from '@nestjs/common';
import type { Actor } from '../domain/act.js';
import { RegistrationManagement } from '../services/registration-management.js';
import { Acting } from './acting.js';

/** A call without a body asks for what is usual. */
const creation = CreateRegistration.nullish().transform((request) => request ?? {});
const rotation = RotateRegistration.nullish().transform((request) => request ?? {});

@Controller('api/catalog/providers/:id')
@Requires('manage')
export class RegistrationsController {
  constructor(private readonly registrations: RegistrationManagement) {}

  @Post('registrations')
  create(
    @Acting() principal: Actor,
    @Param('id', parsed(Id)) id: string,
    @Body(parsed(creation)) request: CreateRegistration,
  ) {
    return this.registrations.create(principal, id, request);
  }

  @Get('registrations')
  async list(@Caller() principal: Principal, @Param('id', parsed(Id)) id: string) {
    return { registrations: await this.registrations.list(principal, id) };
  }

  @Delete('registrations/:registrationId')
  @HttpCode(204)
  revoke(
    @Acting() principal: Actor,
    @Param('id', parsed(Id)) id: string,
    @Param('registrationId', parsed(Id)) registrationId: string,
  ) {
    return this.registrations.revoke(principal, id, registrationId);
  }

  @Post('registration-token')
  rotate(
    @Acting() principal: Actor,
    @Param('id', parsed(Id)) id: string,
    @Body(parsed(rotation)) request: RotateRegistration,
  ) {
    return this.registrations.rotate(principal, id, request);
  }
}
