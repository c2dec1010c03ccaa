import { createHash } from 'node:crypto';
import type { AccessKeys, Principal, Scope } from '@aisbf/contracts';
import { CallerCheck, type Clock } from '@aisbf/platform';
import { parseSecretToken } from '@aisbf/secrets';
import { accessFaults } from './access-faults.js';
import type { Forgotten } from './access-knowledge.js';
import type { AccessLease } from './access-lease.js';
import { AccessTokens, isAccessToken } from './access-tokens.js';
import { isAddressAllowed } from './address-rules.js';

/** Who knows whose token is whose. */
export abstract class PrincipalSource {
  /** Refuses an unknown token as unauthenticated. */
  abstract identify(token: string): Promise<Principal>;
  abstract accessKeys(): Promise<AccessKeys>;
}

export type PrincipalsSettings = Readonly<{ ttlMs: number; entriesMax: number }>;

type Remembered = Readonly<{ principal: Principal; untilMs: number }>;

/**
 * Who a token stands for, remembered for a short while and only while accounts gives leave to. Tokens are kept
 * as their hash only. Callers that miss together share one question.
 */
export class Principals extends CallerCheck {
  private readonly remembered = new Map<string, Remembered>();
  private readonly asked = new Map<string, Promise<Principal>>();
  private readonly hashesBySubject = new Map<string, Set<string>>();
  private readonly accessTokens: AccessTokens;

  constructor(
    private readonly source: PrincipalSource,
    private readonly lease: AccessLease,
    private readonly clock: Clock,
    private readonly settings: PrincipalsSettings,
  ) {
    super();
    this.accessTokens = new AccessTokens(
      () => source.accessKeys(),
      () => clock.nowMs(),
    );
    lease.whenChanged((what) => this.forget(what));
  }

  /** The principal, if the token is good for this, from there. */
  override async require(
    token: string | undefined,
    scope: Scope,
    address: string | null,
  ): Promise<Principal> {
    const principal = await this.identify(token);
    if (!isAddressAllowed(principal, address)) throw accessFaults.ADDRESS_NOT_ALLOWED();
    if (!principal.scopes.includes(scope)) throw accessFaults.SCOPE_MISSING({ scope });
    return principal;
  }

  private async identify(token: string | undefined): Promise<Principal> {
    // A typo or a truncated paste is told from its checksum, without asking anybody.
    const isPossible =
      token !== undefined && (parseSecretToken(token)?.prefix === 'aisbf' || isAccessToken(token));
    if (!isPossible) throw accessFaults.API_TOKEN_INVALID();
    const principal = await this.principalOf(token);
    if (principal.expiresAtMs !== null && principal.expiresAtMs <= this.clock.nowMs()) {
      throw accessFaults.API_TOKEN_INVALID();
    }
    return principal;
  }

  /** Without leave everybody asks for themselves: an answer to an earlier question may be out of date. */
  private async principalOf(token: string): Promise<Principal> {
    if (!this.lease.isHeld) return this.source.identify(token);
    const hash = createHash('sha256').update(token).digest('base64');
    const known = this.remembered.get(hash);
    if (known && this.clock.nowMs() < known.untilMs) return known.principal;
    if (isAccessToken(token)) {
      const read = await this.readAccessToken(hash, token);
      if (read) return read;
    }
    return this.asked.get(hash) ?? this.ask(hash, token);
  }

  /** Undefined where something has happened to the session or its user since the token was signed. */
  private async readAccessToken(hash: string, token: string): Promise<Principal | undefined> {
    const { principal, revision } = await this.accessTokens.read(token);
    const isKnown = this.lease.knowledge.isUnchangedSince(revision, subjectsOf(principal));
    if (!isKnown || !this.lease.isHeld) return undefined;
    this.keep(hash, principal);
    return principal;
  }

  private ask(hash: string, token: string): Promise<Principal> {
    const question = this.source.identify(token).then(
      (principal) => {
        if (this.asked.get(hash) === question) this.keep(hash, principal);
        return principal;
      },
      (error: unknown) => {
        if (this.asked.get(hash) === question) {
          this.asked.delete(hash);
          this.drop(hash);
        }
        throw error;
      },
    );
    this.asked.set(hash, question);
    return question;
  }

  /** The next call asks anew, and answers under way are not kept. */
  private forget(what: Forgotten): void {
    const hashes =
      what === 'everything'
        ? [...this.remembered.keys()]
        : what.flatMap((subject) => [...(this.hashesBySubject.get(subject) ?? [])]);
    for (const hash of hashes) this.drop(hash);
    if (what.length > 0) this.asked.clear();
  }

  private keep(hash: string, principal: Principal): void {
    this.asked.delete(hash);
    this.drop(hash);
    const [oldest] = this.remembered.keys();
    if (this.remembered.size >= this.settings.entriesMax && oldest !== undefined) this.drop(oldest);
    this.remembered.set(hash, { principal, untilMs: this.clock.nowMs() + this.settings.ttlMs });
    for (const subject of subjectsOf(principal)) {
      const hashes = this.hashesBySubject.get(subject) ?? new Set();
      this.hashesBySubject.set(subject, hashes.add(hash));
    }
  }

  private drop(hash: string): void {
    const known = this.remembered.get(hash);
    if (!known) return;
    this.remembered.delete(hash);
    for (const subject of subjectsOf(known.principal)) {
      const hashes = this.hashesBySubject.get(subject);
      hashes?.delete(hash);
      if (hashes?.size === 0) this.hashesBySubject.delete(subject);
    }
  }
}

/** Whatever of this changes, the principal is another one. */
function subjectsOf({ userId, apiTokenId, sessionId }: Principal): readonly string[] {
  return [userId, apiTokenId, sessionId].filter((id) => id !== null);
}
