import { requireOperator } from '@aisbf/access';
import type { CreateUser, ListUsers, Owner, UpdatedUser, UpdateUser, User } from '@aisbf/contracts';
import { Injectable } from '@nestjs/common';
import { type Actor, auditEntry } from '../domain/audit.js';
import { faults } from '../domain/faults.js';
import { Directory } from './directory.js';
import { Invitations } from './invitations.js';
import { Revocations } from './revocations.js';

/** Who may buy and sell. */
@Injectable()
export class Users {
  constructor(
    private readonly directory: Directory,
    private readonly invitations: Invitations,
    private readonly revocations: Revocations,
  ) {}

  /** With an address, the user is invited to choose a password; where no mail can be sent, there is no user. */
  async create(actor: Actor, { username, role, email }: CreateUser): Promise<User> {
    requireOperator(actor.principal);
    if (email !== undefined) this.invitations.requireMail();
    const answer = await this.directory.createUser(
      { username, role, email: email ?? null },
      ({ ownerId }) =>
        auditEntry(actor, ownerId, {
          action: 'user.create',
          subject: username,
          detail: { role, isInvited: email !== undefined },
        }),
    );
    if ('taken' in answer) {
      throw answer.taken === 'email' ? faults.EMAIL_TAKEN() : faults.USERNAME_TAKEN();
    }
    if (email !== undefined) await this.invitations.invite(email);
    return answer.user;
  }

  async list(actor: Actor, { after, limit }: ListUsers): Promise<readonly User[]> {
    requireOperator(actor.principal);
    return this.directory.users(after, limit);
  }

  async update(actor: Actor, username: string, change: UpdateUser): Promise<UpdatedUser> {
    requireOperator(actor.principal);
    const user = await this.directory.updateUser(username, change, ({ ownerId }) =>
      auditEntry(actor, ownerId, {
        action: 'user.update',
        subject: username,
        detail: { role: change.role ?? null, isDisabled: change.isDisabled ?? null },
      }),
    );
    if (user === undefined) throw faults.OWNER_MISSING();
    if (user === 'last-operator') throw faults.LAST_OPERATOR();
    return { user, acknowledgement: await this.revocations.acknowledged() };
  }

  owner(username: string): Promise<Owner> {
    return this.directory.requireOwner(username);
  }
}
