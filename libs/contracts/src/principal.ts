import { z } from 'zod';
import { Id, Name, TimeMs } from './field.js';

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

/**
 * What a token may call: the exact name of a route, or its beginning and a `*` (`rotation/*`, `box/*`).
 * Names of routes never hold a star themselves.
 */
export const RoutePattern = z
  .string()
  .regex(/^[^\s\p{Cc}*]{0,511}(?:[^\s\p{Cc}*]|\*)$/u, 'a route, or its beginning followed by *');

/** One address or a network of them: `203.0.113.7`, `10.0.0.0/8`, `2001:db8::/32`. */
export const AddressRange = z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()]);

/** What one API token may be used for, and from where. An empty list rules nothing out. */
export const TokenRules = z.strictObject({
  routes: z.array(RoutePattern).max(256),
  /** Models by the name that a provider has for them, whichever route leads there. */
  models: z.array(RoutePattern).max(256),
  addresses: z.array(AddressRange).max(64),
});
export type TokenRules = z.infer<typeof TokenRules>;

/** Who is calling: what an API token, or the access token of a session, stands for. */
export const Principal = z.strictObject({
  userId: Id,
  ownerId: Id,
  username: Name,
  role: Role,
  scopes: z.array(Scope).max(8),
  /** Null where somebody calls who has signed in; such a caller buys nothing. */
  apiTokenId: Id.nullable(),
  sessionId: Id.nullable(),
  limits: TokenLimits.nullable(),
  rules: TokenRules.nullable(),
  /** When this ends by itself. */
  expiresAtMs: TimeMs.nullable(),
});
export type Principal = z.infer<typeof Principal>;

/** An API token, or the signed access token of a session, which is longer. */
export const BearerText = z.string().min(1).max(4096);

/** Asks accounts whose token this is. Answered with a Principal, or refused as unauthenticated. */
export const Identify = z.strictObject({
  type: z.literal('identify'),
  apiToken: BearerText,
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
