import type { ApiToken, Owner, Principal, Role, Scope, TokenLimits, User } from '@aisbf/contracts';
import { faults } from '../domain/faults.js';
import { requireOperator } from '../domain/operator.js';

export type StoredApiToken = Readonly<{
  apiTokenId: string;
  ownerId: string;
  username: string;
  role: Role;
  scopes: readonly Scope[];
  limits: TokenLimits;
  secretHash: string;
  expiresAt: Date | null;
  revokedAt: Date | null;
}>;

/** For whom a token is: a user by name, or the user whose token asked for it. */
export type TokenHolder = Readonly<{ username: string }> | Readonly<{ apiTokenId: string }>;

export type NewApiToken = Readonly<{
  publicId: string;
  secretHash: string;
  holder: TokenHolder;
  name: string;
  scopes: readonly Scope[];
  limits: TokenLimits;
  expiresAt: Date | null;
}>;

/** Owners, users and their API tokens. */
export abstract class Directory {
  /** Undefined where the name is taken. */
  abstract createUser(username: string, role: Role): Promise<User | undefined>;
  abstract owner(username: string): Promise<Owner | undefined>;
  /** Undefined where there is no such user. */
  abstract createApiToken(token: NewApiToken): Promise<ApiToken | undefined>;
  abstract apiTokens(ownerId: string): Promise<readonly ApiToken[]>;
  /** True where the owner had such a token; from the commit on it authorises nothing. */
  abstract revokeApiToken(ownerId: string, apiTokenId: string): Promise<boolean>;
  abstract hasOperator(): Promise<boolean>;
  /**
   * Makes the first operator and its token where there is none, in one step for all replicas. True where
   * this call was the one.
   */
  abstract createFirstOperator(username: string, token: NewApiToken): Promise<boolean>;

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

/** The look-up of the request path. */
export abstract class ApiTokenReader {
  abstract find(publicId: string): Promise<StoredApiToken | undefined>;
}
