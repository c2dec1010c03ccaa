import { requireOperator } from '@aisbf/access';
import type {
  Acknowledgement,
  ApiToken,
  CreateApiToken,
  CreatedApiToken,
  ListApiTokens,
  RotateApiToken,
  RotatedApiToken,
  TokenLimits,
  TokenRules,
  UpdateApiToken,
  UpdatedApiToken,
} from '@aisbf/contracts';
import { Clock } from '@aisbf/platform';
import { createSecretToken, keyedHash, parseSecretToken } from '@aisbf/secrets';
import { Injectable } from '@nestjs/common';
import { type Actor, auditEntry, type Deed } from '../domain/audit.js';
import { budgetsFrom, budgetText } from '../domain/budget.js';
import { faults } from '../domain/faults.js';
import {
  type ApiTokenSecret,
  ApiTokenStore,
  type AuditOf,
  type OwnedToken,
} from './api-token-store.js';
import { Pepper } from './pepper.js';
import { Revocations } from './revocations.js';

const firstOperatorName = 'operator';

/** Limits of a token that names none. */
export class DefaultTokenLimits {
  constructor(readonly value: TokenLimits) {}
}

/** What rules nothing out. */
const noRules: TokenRules = { routes: [], models: [], addresses: [] };

/** The secrets that buyers and managers call with: shown once, kept as a hash. */
@Injectable()
export class ApiTokens {
  constructor(
    private readonly store: ApiTokenStore,
    private readonly revocations: Revocations,
    private readonly pepper: Pepper,
    private readonly defaults: DefaultTokenLimits,
    private readonly clock: Clock,
  ) {}

  async create(actor: Actor, request: CreateApiToken): Promise<CreatedApiToken> {
    const { principal } = actor;
    const { username, name, scopes } = request;
    const isOwn = username === undefined || username === principal.username;
    if (!isOwn) requireOperator(principal);
    const budgets = budgetsFrom(request.budgets);
    const { text, secret } = this.newSecret();
    const token = {
      ...secret,
      holder: isOwn ? { userId: principal.userId } : { username },
      name,
      scopes,
      limits: { ...this.defaults.value, ...definedOnly(request.limits) },
      rules: { ...noRules, ...definedOnly(request.rules) },
      budgets,
      expiresAt: request.expiresAt === undefined ? null : new Date(request.expiresAt),
    };
    const stored = await this.store.create(token, (created, ownerId) => {
      const detail = {
        ...{ name, scopes, username: created.username },
        ...(budgets.length > 0 && { budgets: budgets.map(budgetText) }),
      };
      return auditEntry(actor, ownerId, {
        action: 'api-token.create',
        subject: created.id,
        detail,
      });
    });
    if (!stored) throw faults.OWNER_MISSING();
    return { ...stored, apiToken: text };
  }

  async list({ principal }: Actor, query: ListApiTokens): Promise<readonly ApiToken[]> {
    const { username = principal.username, before, limit } = query;
    const isOwn = username === principal.username;
    if (!isOwn) requireOperator(principal);
    const end = new Date(before ?? this.clock.nowMs() + 1_000);
    const whose = isOwn ? { ownerId: principal.ownerId } : { username };
    const apiTokens = await this.store.list(whose, end, limit);
    if (!apiTokens) throw faults.OWNER_MISSING();
    return apiTokens;
  }

  async get(actor: Actor, id: string): Promise<ApiToken> {
    const apiToken = await this.store.find(managedBy(actor, id));
    if (!apiToken) throw faults.API_TOKEN_NOT_FOUND();
    return apiToken;
  }

  async update(actor: Actor, id: string, request: UpdateApiToken): Promise<UpdatedApiToken> {
    const { expiresAt, limits, rules, budgets: wanted, ...rest } = request;
    const budgets = wanted && budgetsFrom(wanted);
    const change = {
      ...rest,
      expiresAt: typeof expiresAt === 'string' ? new Date(expiresAt) : expiresAt,
      limits: definedOnly(limits),
      rules: definedOnly(rules),
      budgets,
    };
    const detail = {
      changed: Object.keys(definedOnly({ ...rest, expiresAt, ...limits, ...rules, budgets })),
      ...(budgets && { budgets: budgets.map(budgetText) }),
    };
    const audit = entryFor(actor, { action: 'api-token.update', subject: id, detail });
    const apiToken = await this.store.update(managedBy(actor, id), change, audit);
    if (!apiToken) throw faults.API_TOKEN_NOT_FOUND();
    return { apiToken, acknowledgement: await this.revocations.acknowledged() };
  }

  async rotate(actor: Actor, id: string, { overlapMs }: RotateApiToken): Promise<RotatedApiToken> {
    const { text, secret } = this.newSecret();
    const until = overlapMs === 0 ? null : new Date(this.clock.nowMs() + overlapMs);
    const detail = { overlapMs };
    const audit = entryFor(actor, { action: 'api-token.rotate', subject: id, detail });
    const stored = await this.store.rotate(managedBy(actor, id), secret, until, audit);
    if (!stored) throw faults.API_TOKEN_NOT_FOUND();
    return {
      apiToken: { ...stored, apiToken: text },
      previousValidUntil: until?.toISOString() ?? null,
      acknowledgement: await this.revocations.acknowledged(),
    };
  }

  async revoke(actor: Actor, id: string): Promise<Acknowledgement> {
    const audit = entryFor(actor, { action: 'api-token.revoke', subject: id, detail: {} });
    const isDone = await this.store.revoke(managedBy(actor, id), audit);
    if (!isDone) throw faults.API_TOKEN_NOT_FOUND();
    return this.revocations.acknowledged();
  }

  /** False where another replica was first. */
  async createFirstOperator(apiToken: string): Promise<boolean> {
    const secret = parseSecretToken(apiToken);
    if (secret?.prefix !== 'aisbf') throw faults.API_TOKEN_INVALID();
    return this.store.createFirstOperator(firstOperatorName, {
      publicId: secret.publicId,
      secretHash: keyedHash(secret.text, this.pepper.value),
      holder: { username: firstOperatorName },
      name: 'first operator',
      scopes: ['inference', 'manage', 'usage'],
      limits: this.defaults.value,
      rules: noRules,
      budgets: [],
      expiresAt: null,
    });
  }

  private newSecret(): Readonly<{ text: string; secret: ApiTokenSecret }> {
    const { text, publicId } = createSecretToken('aisbf');
    return { text, secret: { publicId, secretHash: keyedHash(text, this.pepper.value) } };
  }
}

/** One's own; somebody else's is not there, except for an operator. */
function managedBy({ principal }: Actor, apiTokenId: string): OwnedToken {
  return { ownerId: principal.role === 'operator' ? null : principal.ownerId, apiTokenId };
}

function entryFor(actor: Actor, deed: Deed): AuditOf {
  return (ownerId) => auditEntry(actor, ownerId, deed);
}

type Defined<Shape> = { [Name in keyof Shape]: Exclude<Shape[Name], undefined> };

function definedOnly<Shape extends object>(shape: Shape): Partial<Defined<Shape>> {
  const entries = Object.entries(shape).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Partial<Defined<Shape>>;
}
