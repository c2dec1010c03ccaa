import type { Principal, Scope } from '@aisbf/contracts';
import { type CallerCheck, Clock } from '@aisbf/platform';
import { isSameHash, keyedHash, parseSecretToken } from '@aisbf/secrets';
import { Injectable } from '@nestjs/common';
import { faults } from '../domain/faults.js';
import { ApiTokenReader } from './directory.js';
import { Pepper } from './pepper.js';

/** Says whose an API token is. */
@Injectable()
export class Identity implements CallerCheck {
  constructor(
    private readonly apiTokens: ApiTokenReader,
    private readonly pepper: Pepper,
    private readonly clock: Clock,
  ) {}

  async identify(apiToken: string): Promise<Principal> {
    const given = parseSecretToken(apiToken);
    if (given?.prefix !== 'aisbf') throw faults.API_TOKEN_INVALID();
    const stored = await this.apiTokens.find(given.publicId);
    if (!stored || !isSameHash(stored.secretHash, keyedHash(apiToken, this.pepper.value))) {
      throw faults.API_TOKEN_INVALID();
    }
    const isExpired = stored.expiresAt !== null && stored.expiresAt.getTime() <= this.clock.nowMs();
    if (stored.revokedAt !== null || isExpired) throw faults.API_TOKEN_INVALID();
    return {
      apiTokenId: stored.apiTokenId,
      ownerId: stored.ownerId,
      username: stored.username,
      role: stored.role,
      scopes: [...stored.scopes],
      limits: stored.limits,
    };
  }

  /** The same, for a caller that must be allowed to do something. */
  async require(apiToken: string | undefined, scope: Scope): Promise<Principal> {
    if (apiToken === undefined) throw faults.API_TOKEN_INVALID();
    const principal = await this.identify(apiToken);
    if (!principal.scopes.includes(scope)) throw faults.SCOPE_MISSING({ scope });
    return principal;
  }
}
