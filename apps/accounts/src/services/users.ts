import type { CreateUser, Owner, Principal, User } from '@aisbf/contracts';
import { Injectable } from '@nestjs/common';
import { faults } from '../domain/faults.js';
import { Directory } from './directory.js';

/** Who may buy and sell. */
@Injectable()
export class Users {
  constructor(private readonly directory: Directory) {}

  async create(principal: Principal, { username, role }: CreateUser): Promise<User> {
    if (principal.role !== 'operator') throw faults.OPERATOR_ONLY();
    const user = await this.directory.createUser(username, role);
    if (!user) throw faults.USERNAME_TAKEN();
    return user;
  }

  async owner(username: string): Promise<Owner> {
    const owner = await this.directory.owner(username);
    if (!owner) throw faults.OWNER_MISSING();
    return owner;
  }
}
