import { z } from 'zod';
import { Id, Name } from './field.js';

export const Role = z.enum(['operator', 'member']);
export type Role = z.infer<typeof Role>;

export const Scope = z.enum(['inference', 'manage', 'usage']);
export type Scope = z.infer<typeof Scope>;

/** Limits of one API token. */
export const TokenLimits = z.strictObject({
  requestsPerMinuteMax: z.int().min(1).max(10_000_000),
  tokensPerMinuteMax: z.int().min(1).max(1_000_000_000_000),
  concurrencyMax: z.int().min(1).max(100_000),
});
export type TokenLimits = z.infer<typeof TokenLimits>;

/** Who is calling: what an API token stands for. */
export const Principal = z.strictObject({
  apiTokenId: Id,
  ownerId: Id,
  username: Name,
  role: Role,
  scopes: z.array(Scope).max(8),
  limits: TokenLimits,
});
export type Principal = z.infer<typeof Principal>;

/** Asks accounts whose token this is. Answered with a Principal, or refused as unauthenticated. */
export const Identify = z.strictObject({
  type: z.literal('identify'),
  apiToken: z.string().min(1).max(256),
});
export type Identify = z.infer<typeof Identify>;

/** Asks accounts for an owner by name: whom an operator acts for, whose path a worker called. */
export const GetOwner = z.strictObject({ type: z.literal('get-owner'), username: Name });
export type GetOwner = z.infer<typeof GetOwner>;

/** Whose lists are asked for; only an operator may name somebody else. */
export const OnBehalf = z.strictObject({ username: Name.optional() });
export type OnBehalf = z.infer<typeof OnBehalf>;

export const Owner = z.strictObject({ ownerId: Id, username: Name });
export type Owner = z.infer<typeof Owner>;
