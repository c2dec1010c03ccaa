import { z } from 'zod';
import { BudgetLimits, BudgetUse } from './budget.js';
import { Id, Name, NanosText, RequestId } from './field.js';
import { Receipt } from './ledger.js';
import { Principal, Role, Scope, TokenLimits, TokenRules } from './principal.js';
import type { RestRoute } from './rest-route.js';

/** The REST API under `/api/account`. */

/** An e-mail address, in small letters, as it is kept and compared. */
export const Email = z.string().max(254).trim().toLowerCase().pipe(z.email());

export const CreateUser = z.strictObject({
  username: Name.refine((name) => name !== 'global', 'global is the operator'),
  role: Role.default('member'),
  /** Where an invitation goes: a link to choose a password with. Without it, tokens are the only way in. */
  email: Email.optional(),
});
export type CreateUser = z.infer<typeof CreateUser>;

export const UpdateUser = z.strictObject({
  role: Role.optional(),
  /** Disabling ends the user's sessions and revokes the API tokens, for good. */
  isDisabled: z.boolean().optional(),
});
export type UpdateUser = z.infer<typeof UpdateUser>;

export const User = z.strictObject({
  id: Id,
  ownerId: Id,
  username: Name,
  role: Role,
  email: z.string().nullable(),
  isEmailVerified: z.boolean(),
  hasTwoFactor: z.boolean(),
  createdAt: z.iso.datetime(),
  disabledAt: z.iso.datetime().nullable(),
});
export type User = z.infer<typeof User>;

export const ListUsers = z.strictObject({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  /** Only names after this one. */
  after: Name.optional(),
});
export type ListUsers = z.infer<typeof ListUsers>;

export const Users = z.strictObject({ users: z.array(User) });

/** Whether everybody who remembers who may do what has heard of the change. */
export const Acknowledgement = z.strictObject({
  revision: z.int().min(0),
  /** From here on nobody serves what was before. False: those in `missing` have not said so in time. */
  isAcknowledged: z.boolean(),
  missing: z.array(z.string()),
});
export type Acknowledgement = z.infer<typeof Acknowledgement>;

export const UpdatedUser = z.strictObject({ user: User, acknowledgement: Acknowledgement });
export type UpdatedUser = z.infer<typeof UpdatedUser>;

export const CreateApiToken = z.strictObject({
  name: z.string().min(1).max(100),
  /** Whom it speaks for; only an operator may name somebody else. */
  username: Name.optional(),
  scopes: z.array(Scope).min(1).max(3).default(['inference']),
  expiresAt: z.iso.datetime().optional(),
  limits: TokenLimits.partial().default({}),
  rules: TokenRules.partial().default({}),
  budgets: BudgetLimits.default([]),
});
export type CreateApiToken = z.infer<typeof CreateApiToken>;

export const ApiToken = z.strictObject({
  id: Id,
  publicId: z.string(),
  name: z.string(),
  username: Name,
  scopes: z.array(Scope),
  limits: TokenLimits,
  rules: TokenRules,
  budgets: z.array(BudgetUse),
  createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime().nullable(),
  revokedAt: z.iso.datetime().nullable(),
  rotatedAt: z.iso.datetime().nullable(),
  /** To within a minute. */
  lastUsedAt: z.iso.datetime().nullable(),
});
export type ApiToken = z.infer<typeof ApiToken>;

/** The only answer that holds the token itself. */
export const CreatedApiToken = ApiToken.extend({ apiToken: z.string() });
export type CreatedApiToken = z.infer<typeof CreatedApiToken>;

export const ListApiTokens = z.strictObject({
  /** Whose; only an operator may name somebody else. */
  username: Name.optional(),
  limit: z.coerce.number().int().min(1).max(200).default(100),
  /** Only those created before this moment. */
  before: z.iso.datetime().optional(),
});
export type ListApiTokens = z.infer<typeof ListApiTokens>;

export const ApiTokens = z.strictObject({ apiTokens: z.array(ApiToken) });

/**
 * What is not named stays as it is; a list replaces the list. A budget that is in the old list and in the new one
 * goes on counting; one that is in the old list only is removed.
 */
export const UpdateApiToken = z.strictObject({
  name: z.string().min(1).max(100).optional(),
  scopes: z.array(Scope).min(1).max(3).optional(),
  expiresAt: z.iso.datetime().nullable().optional(),
  limits: TokenLimits.partial().default({}),
  rules: TokenRules.partial().default({}),
  budgets: BudgetLimits.optional(),
});
export type UpdateApiToken = z.infer<typeof UpdateApiToken>;

export const UpdatedApiToken = z.strictObject({
  apiToken: ApiToken,
  acknowledgement: Acknowledgement,
});
export type UpdatedApiToken = z.infer<typeof UpdatedApiToken>;

export const RotateApiToken = z.strictObject({
  /** How long the secret before stays good, so that programs can be moved one by one. At most thirty days. */
  overlapMs: z.int().min(0).max(2_592_000_000).default(0),
});
export type RotateApiToken = z.infer<typeof RotateApiToken>;

/** Holds the new secret, which is shown this once. */
export const RotatedApiToken = z.strictObject({
  apiToken: CreatedApiToken,
  previousValidUntil: z.iso.datetime().nullable(),
  acknowledgement: Acknowledgement,
});
export type RotatedApiToken = z.infer<typeof RotatedApiToken>;

export const ListAudit = z.strictObject({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  /** Only what happened before the event of this number. */
  before: z
    .string()
    .regex(/^\d{1,18}$/)
    .optional(),
});
export type ListAudit = z.infer<typeof ListAudit>;

/** One privileged act. Never holds a secret. */
export const AuditEvent = z.strictObject({
  id: z.string(),
  at: z.iso.datetime(),
  /** Whose matter it is. */
  username: Name,
  /** Who did it: the user, and the API token where it was one. Null for the machinery itself. */
  actorUserId: Id.nullable(),
  actorTokenId: Id.nullable(),
  action: z.string(),
  subject: z.string(),
  detail: z.record(z.string(), z.unknown()),
  address: z.string().nullable(),
});
export type AuditEvent = z.infer<typeof AuditEvent>;

export const AuditTrail = z.strictObject({ events: z.array(AuditEvent) });

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
    method: 'get',
    path: '/api/account/users',
    operationId: 'listUsers',
    summary: 'Users by name (operators)',
    credential: 'manage',
    query: ListUsers,
    answer: { status: 200, schema: Users },
  },
  {
    method: 'patch',
    path: '/api/account/users/{username}',
    operationId: 'updateUser',
    summary: 'Change the role of a user, disable or enable one (operators)',
    description:
      'Disabling ends every session and revokes every API token of the user, for good. Answers when no process serves what was before.',
    credential: 'manage',
    pathParameters: { username: Name },
    request: UpdateUser,
    answer: { status: 200, schema: UpdatedUser },
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
    query: ListApiTokens,
    answer: { status: 200, schema: ApiTokens },
  },
  {
    method: 'get',
    path: '/api/account/api-tokens/{id}',
    operationId: 'getApiToken',
    summary: 'One of them, and what stands of its budgets',
    credential: 'manage',
    pathParameters: { id: Id },
    answer: { status: 200, schema: ApiToken },
  },
  {
    method: 'delete',
    path: '/api/account/api-tokens/{id}',
    operationId: 'revokeApiToken',
    summary: "Revoke an API token of one's own (operators: anybody's)",
    description: 'Answers when no process accepts the token any more, and says so.',
    credential: 'manage',
    pathParameters: { id: Id },
    answer: { status: 200, schema: Acknowledgement },
  },
  {
    method: 'patch',
    path: '/api/account/api-tokens/{id}',
    operationId: 'updateApiToken',
    summary: 'Change what an API token may be used for and spend',
    description:
      'Answers when no process serves what was before; a lower budget is heeded from its commit on.',
    credential: 'manage',
    pathParameters: { id: Id },
    request: UpdateApiToken,
    answer: { status: 200, schema: UpdatedApiToken },
  },
  {
    method: 'post',
    path: '/api/account/api-tokens/{id}/rotate',
    operationId: 'rotateApiToken',
    summary: 'Give an API token a new secret',
    description:
      'The only answer that holds it. The one before stays good for `overlapMs`, else not at all.',
    credential: 'manage',
    pathParameters: { id: Id },
    request: RotateApiToken,
    isRequestOptional: true,
    answer: { status: 200, schema: RotatedApiToken },
  },
  {
    method: 'get',
    path: '/api/account/audit',
    operationId: 'listAudit',
    summary: 'Who did what, the newest first: own matters, for operators all',
    credential: 'usage',
    query: ListAudit,
    answer: { status: 200, schema: AuditTrail },
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
