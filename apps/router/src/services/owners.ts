import { requireOperator } from '@aisbf/access';
import type { Owner, Principal } from '@aisbf/contracts';
import { Injectable } from '@nestjs/common';
import { Accounts } from './accounts.js';

/** On whose behalf a management call is made. */
@Injectable()
export class Owners {
  constructor(private readonly accounts: Accounts) {}

  /** Oneself, or for an operator whoever is named. */
  async ownerFor(principal: Principal, username: string | undefined): Promise<Owner> {
    if (username === undefined || username === principal.username) {
      return { ownerId: principal.ownerId, username: principal.username };
    }
    requireOperator(principal);
    return this.accounts.ownerOf(username);
  }

  /** Anybody, to be let in. */
  named(username: string): Promise<Owner> {
    return this.accounts.ownerOf(username);
  }
}

/** Whether this is the caller's to manage; somebody else's does not exist for a member. */
export function isManagedBy(principal: Principal, owned: Readonly<{ ownerId: string }>): boolean {
  return owned.ownerId === principal.ownerId || principal.role === 'operator';
}
