import type { ApiToken, Role, Scope, TokenLimits, TokenRules } from '@aisbf/contracts';
import type { AuditEntry } from '../domain/audit.js';
import type { Budget } from '../domain/budget.js';

/** An API token as it is found by one of its secrets. */
export type StoredApiToken = Readonly<{
  apiTokenId: string;
  userId: string;
  ownerId: string;
  username: string;
  role: Role;
  scopes: readonly Scope[];
  limits: TokenLimits;
  rules: TokenRules;
  secretHash: string;
  /** The earlier of the token's own end and that of this secret of it. */
  expiresAt: Date | null;
  revokedAt: Date | null;
  isUserDisabled: boolean;
}>;

export type ApiTokenSecret = Readonly<{ publicId: string; secretHash: string }>;

/** For whom a token is. */
export type TokenHolder = Readonly<{ username: string }> | Readonly<{ userId: string }>;

export type NewApiToken = ApiTokenSecret &
  Readonly<{
    holder: TokenHolder;
    name: string;
    scopes: readonly Scope[];
    limits: TokenLimits;
    rules: TokenRules;
    budgets: readonly Budget[];
    expiresAt: Date | null;
  }>;

/** What is undefined stays as it is. */
export type ApiTokenChange = Readonly<{
  name?: string | undefined;
  scopes?: readonly Scope[] | undefined;
  expiresAt?: Date | null | undefined;
  limits: Partial<TokenLimits>;
  rules: Partial<TokenRules>;
  budgets?: readonly Budget[] | undefined;
}>;

/** Which token: one of this owner's; null stands for any owner. */
export type OwnedToken = Readonly<{ ownerId: string | null; apiTokenId: string }>;

/** Whose tokens. */
export type TokenOwner = Readonly<{ username: string }> | Readonly<{ ownerId: string }>;

/** A line of the record, in the matters of the token's owner. */
export type AuditOf = (ownerId: string) => AuditEntry;

/** The API tokens, for those who manage them. Each change is written with its line in the record. */
export abstract class ApiTokenStore {
  /** Undefined where there is no such user, or the user is disabled. */
  abstract create(
    token: NewApiToken,
    audit: (created: ApiToken, ownerId: string) => AuditEntry,
  ): Promise<ApiToken | undefined>;
  /** Undefined where there is no such owner. */
  abstract list(
    whose: TokenOwner,
    before: Date,
    limit: number,
  ): Promise<readonly ApiToken[] | undefined>;
  /** Undefined where the owner has no such token. */
  abstract find(which: OwnedToken): Promise<ApiToken | undefined>;
  /** Undefined where the owner has no such token, or it is revoked. */
  abstract update(
    which: OwnedToken,
    change: ApiTokenChange,
    audit: AuditOf,
  ): Promise<ApiToken | undefined>;
  abstract rotate(
    which: OwnedToken,
    secret: ApiTokenSecret,
    previousValidUntil: Date | null,
    audit: AuditOf,
  ): Promise<ApiToken | undefined>;
  /** True where the owner had such a token; from the commit on it authorises nothing. */
  abstract revoke(which: OwnedToken, audit: AuditOf): Promise<boolean>;
  /** Notes when tokens were last used; older news than what is known changes nothing. */
  abstract noteUse(usedAt: ReadonlyMap<string, Date>): Promise<void>;
  /**
   * Makes the first operator and its token where there is none, in one step for all replicas. True where
   * this call was the one.
   */
  abstract createFirstOperator(username: string, token: NewApiToken): Promise<boolean>;
}

/** The look-up of the request path. */
export abstract class ApiTokenReader {
  abstract find(publicId: string): Promise<StoredApiToken | undefined>;
}
