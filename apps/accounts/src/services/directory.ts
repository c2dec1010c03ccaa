import { requireOperator } from '@aisbf/access';
import type { Owner, Principal, Role, User } from '@aisbf/contracts';
import type { AuditEntry } from '../domain/audit.js';
import { faults } from '../domain/faults.js';

export type NewUser = Readonly<{ username: string; role: Role; email: string | null }>;

/** What of a user may change; the rest stays. */
export type UserChange = Readonly<{ role?: Role | undefined; isDisabled?: boolean | undefined }>;

export type CreateUserAnswer = Readonly<{ user: User }> | Readonly<{ taken: 'username' | 'email' }>;

/** Owners and users. Each change is written together with its line in the record. */
export abstract class Directory {
  abstract createUser(
    user: NewUser,
    audit: (created: User) => AuditEntry,
  ): Promise<CreateUserAnswer>;
  abstract owner(username: string): Promise<Owner | undefined>;
  abstract user(username: string): Promise<User | undefined>;
  abstract users(after: string | undefined, limit: number): Promise<readonly User[]>;
  /**
   * Undefined where there is no such user; `last-operator` where nobody could undo it. Disabling ends the
   * sessions and revokes the tokens in the same transaction.
   */
  abstract updateUser(
    username: string,
    change: UserChange,
    audit: (before: User) => AuditEntry,
  ): Promise<User | 'last-operator' | undefined>;
  abstract hasOperator(): Promise<boolean>;

  async requireOwner(username: string): Promise<Owner> {
    const owner = await this.owner(username);
    if (!owner) throw faults.OWNER_MISSING();
    return owner;
  }

  /** Whom a question is about: whoever asks, or whom an operator names. */
  async ownerAskedFor(principal: Principal, username: string | undefined): Promise<string> {
    if (username === undefined || username === principal.username) return principal.ownerId;
    requireOperator(principal);
    return (await this.requireOwner(username)).ownerId;
  }
}
