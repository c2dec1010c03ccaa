import type {
  ApiToken,
  CreateApiToken,
  CreatedApiToken,
  Principal,
  TokenLimits,
} from '@aisbf/contracts';
import { createSecretToken, keyedHash, parseSecretToken } from '@aisbf/secrets';
import { Injectable } from '@nestjs/common';
import { faults } from '../domain/faults.js';
import { requireOperator } from '../domain/operator.js';
import { Directory } from './directory.js';
import { Pepper } from './pepper.js';

const firstOperatorName = 'operator';

/** Limits of a token that names none. */
export class DefaultTokenLimits {
  constructor(readonly value: TokenLimits) {}
}

/** The secrets that buyers and managers call with: shown once, kept as a hash. */
@Injectable()
export class ApiTokens {
  constructor(
    private readonly directory: Directory,
    private readonly pepper: Pepper,
    private readonly defaults: DefaultTokenLimits,
  ) {}

  async create(principal: Principal, request: CreateApiToken): Promise<CreatedApiToken> {
    const { username } = request;
    const isOwn = username === undefined || username === principal.username;
    if (!isOwn) requireOperator(principal);
    const secret = createSecretToken('aisbf');
    const stored = await this.directory.createApiToken({
      publicId: secret.publicId,
      secretHash: keyedHash(secret.text, this.pepper.value),
      holder: isOwn ? { apiTokenId: principal.apiTokenId } : { username },
      name: request.name,
      scopes: request.scopes,
      limits: { ...this.defaults.value, ...definedOnly(request.limits) },
      expiresAt: request.expiresAt === undefined ? null : new Date(request.expiresAt),
    });
    if (!stored) throw faults.OWNER_MISSING();
    return { ...stored, apiToken: secret.text };
  }

  list(principal: Principal): Promise<readonly ApiToken[]> {
    return this.directory.apiTokens(principal.ownerId);
  }

  async revoke(principal: Principal, apiTokenId: string): Promise<void> {
    const isDone = await this.directory.revokeApiToken(principal.ownerId, apiTokenId);
    if (!isDone) throw faults.API_TOKEN_NOT_FOUND();
  }

  hasOperator(): Promise<boolean> {
    return this.directory.hasOperator();
  }

  /** False where another replica was first. */
  async createFirstOperator(apiToken: string): Promise<boolean> {
    const secret = parseSecretToken(apiToken);
    if (secret?.prefix !== 'aisbf') throw faults.API_TOKEN_INVALID();
    return this.directory.createFirstOperator(firstOperatorName, {
      publicId: secret.publicId,
      secretHash: keyedHash(secret.text, this.pepper.value),
      holder: { username: firstOperatorName },
      name: 'first operator',
      scopes: ['inference', 'manage', 'usage'],
      limits: this.defaults.value,
      expiresAt: null,
    });
  }
}

function definedOnly(limits: CreateApiToken['limits']): Partial<TokenLimits> {
  return Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined));
}
