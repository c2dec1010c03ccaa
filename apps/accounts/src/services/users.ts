import type { CreateUser, Owner, Principal, User } from '@aisbf/contracts';
import { Injectable } from '@nestjs/common';
import { faults } from '../domain/faults.js';
import { requireOperator } from '../domain/operator.js';
import { Directory } from './directory.js';

/** Who may buy and sell. */
@Injectable()
export class Users {
  constructor(private readonly directory: Directory) {}

  async create(principal: Principal, { username, role }: CreateUser): Promise<User> {
    requireOperator(principal);
    const user = await this.directory.createUser(username, role);
    if (!user) throw faults.USERNAME_TAKEN();
    return user;
  }

  owner(username: string): Promise<Owner> {
    return this.directory.requireOwner(username);
  }
}
