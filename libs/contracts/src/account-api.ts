import { z } from 'zod';
import { Id, Name, NanosText, RequestId } from './field.js';
import { Receipt } from './ledger.js';
import { Principal, Role, Scope, TokenLimits } from './principal.js';
import type { RestRoute } from './rest-route.js';

/** The REST API under `/api/account`. */

export const CreateUser = z.strictObject({
  username: Name.refine((name) => name !== 'global', 'global is the operator'),
  role: Role.default('member'),
});
export type CreateUser = z.infer<typeof CreateUser>;

export const User = z.strictObject({
  id: Id,
  ownerId: Id,
  username: Name,
  role: Role,
  createdAt: z.iso.datetime(),
});
export type User = z.infer<typeof User>;

export const CreateApiToken = z.strictObject({
  name: z.string().min(1).max(100),
  /** Whom it speaks for; only an operator may name somebody else. */
  username: Name.optional(),
  scopes: z.array(Scope).min(1).max(3).default(['inference']),
  expiresAt: z.iso.datetime().optional(),
  limits: TokenLimits.partial().default({}),
});
export type CreateApiToken = z.infer<typeof CreateApiToken>;

export const ApiToken = z.strictObject({
  id: Id,
  publicId: z.string(),
  name: z.string(),
  username: Name,
  scopes: z.array(Scope),
  limits: TokenLimits,
  createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime().nullable(),
  revokedAt: z.iso.datetime().nullable(),
});
export type ApiToken = z.infer<typeof ApiToken>;

/** The only answer that holds the token itself. */
export const CreatedApiToken = ApiToken.extend({ apiToken: z.string() });
export type CreatedApiToken = z.infer<typeof CreatedApiToken>;

export const ApiTokens = z.strictObject({ apiTokens: z.array(ApiToken) });

export const GrantCredit = z.strictObject({
  username: Name,
  amount: NanosText.refine((text) => BigInt(text || 0) > 0n, 'more than nothing'),
  /** The same id again is the same grant: nothing moves twice. */
  grantId: Id,
  reason: z.string().min(1).max(500),
  /** With it the money is promotional: spent first, never paid out, and gone at this time. */
  promoExpiresAt: z.iso.datetime().optional(),
});
export type GrantCredit = z.infer<typeof GrantCredit>;

export const Balance = z.strictObject({
  username: Name,
  currency: z.literal('USD'),
  /** Own money, what is held of it included. */
  posted: NanosText,
  /** Promotional money: spent first, never paid out. */
  promo: NanosText,
  /** What running requests may still take. */
  held: NanosText,
  available: NanosText,
  /** What is owed since a payment was taken back; paid off by whatever comes in. */
  owed: NanosText,
  /** What was earned by selling and not yet paid out. */
  earned: NanosText,
});
export type Balance = z.infer<typeof Balance>;

export const Granted = z.strictObject({
  grantId: Id,
  isReplay: z.boolean(),
  balance: Balance,
});
export type Granted = z.infer<typeof Granted>;

export const accountRoutes: readonly RestRoute[] = [
  {
    method: 'get',
    path: '/api/account/me',
    operationId: 'getPrincipal',
    summary: 'Whom the API token stands for, what it may do, and its limits',
    credential: 'usage',
    answer: { status: 200, schema: Principal },
  },
  {
    method: 'post',
    path: '/api/account/users',
    operationId: 'createUser',
    summary: 'Create a user (operators)',
    credential: 'manage',
    request: CreateUser,
    answer: { status: 201, schema: User },
  },
  {
    method: 'post',
    path: '/api/account/api-tokens',
    operationId: 'createApiToken',
    summary: 'Create an API token',
    description: 'The only answer that holds the token itself.',
    credential: 'manage',
    request: CreateApiToken,
    answer: { status: 201, schema: CreatedApiToken },
  },
  {
    method: 'get',
    path: '/api/account/api-tokens',
    operationId: 'listApiTokens',
    summary: 'Own API tokens, the newest first',
    credential: 'manage',
    answer: { status: 200, schema: ApiTokens },
  },
  {
    method: 'delete',
    path: '/api/account/api-tokens/{id}',
    operationId: 'revokeApiToken',
    summary: "Revoke an API token of one's own",
    credential: 'manage',
    pathParameters: { id: Id },
    answer: { status: 204 },
  },
  {
    method: 'post',
    path: '/api/account/grants',
    operationId: 'grantCredit',
    summary: 'Put money into a wallet (operators)',
    description: 'The same `grantId` again moves nothing; with another amount it is a conflict.',
    credential: 'manage',
    request: GrantCredit,
    answer: { status: 201, schema: Granted },
  },
  {
    method: 'get',
    path: '/api/account/balance',
    operationId: 'getBalance',
    summary: 'What one has, what running requests hold, what one has earned',
    credential: 'usage',
    answer: { status: 200, schema: Balance },
  },
  {
    method: 'get',
    path: '/api/account/receipts/{id}',
    operationId: 'getReceipt',
    summary: 'One of its own requests',
    credential: 'usage',
    pathParameters: { id: RequestId },
    answer: { status: 200, schema: Receipt },
  },
];
