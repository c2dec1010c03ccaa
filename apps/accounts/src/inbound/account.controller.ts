import {
  CreateApiToken,
  CreateUser,
  GrantCredit,
  Id,
  type Principal,
  RequestId,
} from '@aisbf/contracts';
import { Caller, parsed, Requires } from '@aisbf/platform';
import { Body, Controller, Delete, Get, HttpCode, Param, Post } from '@nestjs/common';
import { ApiTokens } from '../services/api-tokens.js';
import { Statements } from '../services/statements.js';
import { Users } from '../services/users.js';

/** The REST API for owners and operators. */
@Controller('api/account')
export class AccountController {
  constructor(
    private readonly users: Users,
    private readonly apiTokens: ApiTokens,
    private readonly statements: Statements,
  ) {}

  @Get('me')
  @Requires('usage')
  me(@Caller() principal: Principal) {
    return principal;
  }

  @Post('users')
  @Requires('manage')
  createUser(@Caller() principal: Principal, @Body(parsed(CreateUser)) request: CreateUser) {
    return this.users.create(principal, request);
  }

  @Post('api-tokens')
  @Requires('manage')
  createApiToken(
    @Caller() principal: Principal,
    @Body(parsed(CreateApiToken)) request: CreateApiToken,
  ) {
    return this.apiTokens.create(principal, request);
  }

  @Get('api-tokens')
  @Requires('manage')
  async listApiTokens(@Caller() principal: Principal) {
    return { apiTokens: await this.apiTokens.list(principal) };
  }

  @Delete('api-tokens/:id')
  @HttpCode(204)
  @Requires('manage')
  revokeApiToken(@Caller() principal: Principal, @Param('id', parsed(Id)) apiTokenId: string) {
    return this.apiTokens.revoke(principal, apiTokenId);
  }

  @Post('grants')
  @Requires('manage')
  grant(@Caller() principal: Principal, @Body(parsed(GrantCredit)) request: GrantCredit) {
    return this.statements.grant(principal, request);
  }

  @Get('balance')
  @Requires('usage')
  balance(@Caller() principal: Principal) {
    return this.statements.balance(principal);
  }

  @Get('receipts/:id')
  @Requires('usage')
  receipt(@Caller() principal: Principal, @Param('id', parsed(RequestId)) requestId: string) {
    return this.statements.receipt(principal, requestId);
  }
}
