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
import { faults } from '../domain/faults.js';
import { requireOperator } from '../domain/operator.js';
import { type ApiTokenSecret, ApiTokenStore, type OwnedToken } from './api-token-store.js';
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
    const { text, secret } = this.newSecret();
    const token = {
      ...secret,
      holder: isOwn ? { userId: principal.userId } : { username },
      name,
      scopes,
      limits: { ...this.defaults.value, ...definedOnly(request.limits) },
      rules: { ...noRules, ...definedOnly(request.rules) },
      expiresAt: request.expiresAt === undefined ? null : new Date(request.expiresAt),
    };
    const stored = await this.store.create(token, (created, ownerId) => {
      const detail = { name, scopes, username: created.username };
      return auditEntry(actor, ownerId, {
        action: 'api-token.create',
        subject: created.id,
        detail,
      });
    });
    if (!stored) throw faults.OWNER_MISSING();
    return { ...stored, apiToken: text };
  }

  list(actor: Actor, { limit, before }: ListApiTokens): Promise<readonly ApiToken[]> {
    const end = new Date(before ?? this.clock.nowMs() + 1_000);
    return this.store.list(actor.principal.ownerId, end, limit);
  }

  async update(actor: Actor, id: string, request: UpdateApiToken): Promise<UpdatedApiToken> {
    const { expiresAt, limits, rules, ...rest } = request;
    const change = {
      ...rest,
      expiresAt: typeof expiresAt === 'string' ? new Date(expiresAt) : expiresAt,
      limits: definedOnly(limits),
      rules: definedOnly(rules),
    };
    const detail = {
      changed: Object.keys(definedOnly({ ...rest, expiresAt, ...limits, ...rules })),
    };
    const audit = entryFor(actor, { action: 'api-token.update', subject: id, detail });
    const apiToken = await this.store.update(ownedBy(actor, id), change, audit);
    if (!apiToken) throw faults.API_TOKEN_NOT_FOUND();
    return { apiToken, acknowledgement: await this.revocations.acknowledged() };
  }

  async rotate(actor: Actor, id: string, { overlapMs }: RotateApiToken): Promise<RotatedApiToken> {
    const { text, secret } = this.newSecret();
    const until = overlapMs === 0 ? null : new Date(this.clock.nowMs() + overlapMs);
    const detail = { overlapMs };
    const audit = entryFor(actor, { action: 'api-token.rotate', subject: id, detail });
    const stored = await this.store.rotate(ownedBy(actor, id), secret, until, audit);
    if (!stored) throw faults.API_TOKEN_NOT_FOUND();
    return {
      apiToken: { ...stored, apiToken: text },
      previousValidUntil: until?.toISOString() ?? null,
      acknowledgement: await this.revocations.acknowledged(),
    };
  }

  async revoke(actor: Actor, id: string): Promise<Acknowledgement> {
    const audit = entryFor(actor, { action: 'api-token.revoke', subject: id, detail: {} });
    const isDone = await this.store.revoke(ownedBy(actor, id), audit);
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
      expiresAt: null,
    });
  }

  private newSecret(): Readonly<{ text: string; secret: ApiTokenSecret }> {
    const { text, publicId } = createSecretToken('aisbf');
    return { text, secret: { publicId, secretHash: keyedHash(text, this.pepper.value) } };
  }
}

function ownedBy({ principal }: Actor, apiTokenId: string): OwnedToken {
  return { ownerId: principal.ownerId, apiTokenId };
}

function entryFor(actor: Actor, deed: Deed) {
  return auditEntry(actor, actor.principal.ownerId, deed);
}

type Defined<Shape> = { [Name in keyof Shape]: Exclude<Shape[Name], undefined> };

function definedOnly<Shape extends object>(shape: Shape): Partial<Defined<Shape>> {
  const entries = Object.entries(shape).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Partial<Defined<Shape>>;
}
