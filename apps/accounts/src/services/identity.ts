import { AccessTokens, accessFaults, isAccessToken, isAddressAllowed } from '@aisbf/access';
import type { Principal, Scope } from '@aisbf/contracts';
import { CallerCheck, Clock } from '@aisbf/platform';
import { isSameHash, keyedHash, parseSecretToken } from '@aisbf/secrets';
import { Injectable } from '@nestjs/common';
import { faults } from '../domain/faults.js';
import { ApiTokenReader, type StoredApiToken } from './api-token-store.js';
import { Pepper } from './pepper.js';
import { Sessions, SignIn } from './sign-in.js';
import { TokenUse } from './token-use.js';

/** Says who calls. Remembers nothing: what it says is true at this moment. */
@Injectable()
export class Identity extends CallerCheck {
  private readonly accessTokens: AccessTokens;

  constructor(
    private readonly apiTokens: ApiTokenReader,
    private readonly sessions: Sessions,
    signIn: SignIn,
    private readonly use: TokenUse,
    private readonly pepper: Pepper,
    private readonly clock: Clock,
  ) {
    super();
    this.accessTokens = new AccessTokens(
      () => signIn.accessKeys(),
      () => clock.nowMs(),
    );
  }

  async identify(token: string): Promise<Principal> {
    return isAccessToken(token) ? this.fromSession(token) : this.fromApiToken(token);
  }

  /** The same, for a caller that must be allowed to do something. */
  override async require(
    token: string | undefined,
    scope: Scope,
    address: string | null,
  ): Promise<Principal> {
    if (token === undefined) throw faults.API_TOKEN_INVALID();
    const principal = await this.identifyFrom(token, address);
    if (!principal.scopes.includes(scope)) throw faults.SCOPE_MISSING({ scope });
    return principal;
  }

  async identifyFrom(token: string, address: string | null): Promise<Principal> {
    const principal = await this.identify(token);
    if (!isAddressAllowed(principal, address)) throw accessFaults.ADDRESS_NOT_ALLOWED();
    return principal;
  }

  private async fromApiToken(apiToken: string): Promise<Principal> {
    const given = parseSecretToken(apiToken);
    if (given?.prefix !== 'aisbf') throw faults.API_TOKEN_INVALID();
    const stored = await this.apiTokens.find(given.publicId);
    if (!stored || !isSameHash(stored.secretHash, keyedHash(apiToken, this.pepper.value))) {
      throw faults.API_TOKEN_INVALID();
    }
    const nowMs = this.clock.nowMs();
    const isExpired = stored.expiresAt !== null && stored.expiresAt.getTime() <= nowMs;
    if (stored.revokedAt !== null || isExpired || stored.isUserDisabled) {
      throw faults.API_TOKEN_INVALID();
    }
    this.use.note(stored.apiTokenId, nowMs);
    return toPrincipal(stored);
  }

  /** The signature says whose it was; the session itself, whose it is. */
  private async fromSession(token: string): Promise<Principal> {
    const { principal } = await this.accessTokens.read(token);
    const session = await this.sessions.find(principal.sessionId ?? '');
    if (session?.userId !== principal.userId) throw faults.API_TOKEN_INVALID();
    const { ownerId, username, role } = session;
    return { ...principal, ownerId, username, role };
  }
}

function toPrincipal(stored: StoredApiToken): Principal {
  return {
    userId: stored.userId,
    ownerId: stored.ownerId,
    username: stored.username,
    role: stored.role,
    scopes: [...stored.scopes],
    apiTokenId: stored.apiTokenId,
    sessionId: null,
    limits: stored.limits,
    rules: stored.rules,
    expiresAtMs: stored.expiresAt?.getTime() ?? null,
  };
}
