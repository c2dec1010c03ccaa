import {
  CreateApiToken,
  Id,
  ListApiTokens,
  RotateApiToken,
  UpdateApiToken,
} from '@aisbf/contracts';
import { parsed, Requires } from '@aisbf/platform';
import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import type { Actor } from '../domain/audit.js';
import { ApiTokens } from '../services/api-tokens.js';
import { Acting } from './acting.js';

/** A call without a body asks for what is usual. */
const rotation = RotateApiToken.nullish().transform((request) => request ?? { overlapMs: 0 });

/** API tokens, each owner's own. */
@Controller('api/account/api-tokens')
@Requires('manage')
export class ApiTokensController {
  constructor(private readonly apiTokens: ApiTokens) {}

  @Post()
  create(@Acting() actor: Actor, @Body(parsed(CreateApiToken)) request: CreateApiToken) {
    return this.apiTokens.create(actor, request);
  }

  @Get()
  async list(@Acting() actor: Actor, @Query(parsed(ListApiTokens)) query: ListApiTokens) {
    return { apiTokens: await this.apiTokens.list(actor, query) };
  }

  @Get(':id')
  get(@Acting() actor: Actor, @Param('id', parsed(Id)) id: string) {
    return this.apiTokens.get(actor, id);
  }

  @Patch(':id')
  update(
    @Acting() actor: Actor,
    @Param('id', parsed(Id)) id: string,
    @Body(parsed(UpdateApiToken)) request: UpdateApiToken,
  ) {
    return this.apiTokens.update(actor, id, request);
  }

  @Post(':id/rotate')
  @HttpCode(200)
  rotate(
    @Acting() actor: Actor,
    @Param('id', parsed(Id)) id: string,
    @Body(parsed(rotation)) request: RotateApiToken,
  ) {
    return this.apiTokens.rotate(actor, id, request);
  }

  @Delete(':id')
  revoke(@Acting() actor: Actor, @Param('id', parsed(Id)) id: string) {
    return this.apiTokens.revoke(actor, id);
  }
}
