import { CreateUser, ListUsers, Name, UpdateUser } from '@aisbf/contracts';
import { parsed, Requires } from '@aisbf/platform';
import { Body, Controller, Get, Param, Patch, Post, Query } from '@nestjs/common';
import type { Actor } from '../domain/audit.js';
import { Users } from '../services/users.js';
import { Acting } from './acting.js';

/** Users, as operators manage them. */
@Controller('api/account/users')
@Requires('manage')
export class UsersController {
  constructor(private readonly users: Users) {}

  @Post()
  create(@Acting() actor: Actor, @Body(parsed(CreateUser)) request: CreateUser) {
    return this.users.create(actor, request);
  }

  @Get()
  async list(@Acting() actor: Actor, @Query(parsed(ListUsers)) query: ListUsers) {
    return { users: await this.users.list(actor, query) };
  }

  @Patch(':username')
  update(
    @Acting() actor: Actor,
    @Param('username', parsed(Name)) username: string,
    @Body(parsed(UpdateUser)) request: UpdateUser,
  ) {
    return this.users.update(actor, username, request);
  }
}
