import { createHash } from 'node:crypto';
import type { Principal, Scope } from '@aisbf/contracts';
import { type CallerCheck, Clock } from '@aisbf/platform';
import { parseSecretToken } from '@aisbf/secrets';
import { Injectable } from '@nestjs/common';
import { faults } from '../domain/faults.js';
import { Accounts } from './accounts.js';

export class PrincipalCacheSettings {
  constructor(
    readonly ttlMs: number,
    readonly entriesMax: number,
  ) {}
}

type Remembered = Readonly<{ principal: Principal; untilMs: number }>;

/**
 * Who an API token stands for, remembered for a short while. Tokens are kept as their hash only. Callers
 * that miss together share one question.
 */
@Injectable()
export class Principals implements CallerCheck {
  private readonly remembered = new Map<string, Remembered>();
  private readonly asked = new Map<string, Promise<Principal>>();
  private readonly hashByApiTokenId = new Map<string, string>();

  constructor(
    private readonly accounts: Accounts,
    private readonly clock: Clock,
    private readonly settings: PrincipalCacheSettings,
  ) {}

  /** The principal, if the token is good for this. */
  async require(apiToken: string | undefined, scope: Scope): Promise<Principal> {
    // A typo or a truncated paste is told from its checksum, without asking anybody.
    if (apiToken === undefined || parseSecretToken(apiToken)?.prefix !== 'aisbf') {
      throw faults.API_TOKEN_INVALID();
    }
    const principal = await this.principalOf(apiToken);
    if (!principal.scopes.includes(scope)) throw faults.SCOPE_MISSING({ scope });
    return principal;
  }

  /** The token was revoked or changed: the next call asks anew, and answers under way are not kept. */
  forget(apiTokenId: string): void {
    const hash = this.hashByApiTokenId.get(apiTokenId);
    if (hash !== undefined) this.drop(hash);
    this.asked.clear();
  }

  private async principalOf(apiToken: string): Promise<Principal> {
    const hash = createHash('sha256').update(apiToken).digest('base64');
    const known = this.remembered.get(hash);
    if (known && this.clock.nowMs() < known.untilMs) return known.principal;
    const asked = this.asked.get(hash) ?? this.ask(hash, apiToken);
    return asked;
  }

  private ask(hash: string, apiToken: string): Promise<Principal> {
    const question = this.accounts.identify(apiToken).then(
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

  private keep(hash: string, principal: Principal): void {
    this.asked.delete(hash);
    this.drop(hash);
    const [oldest] = this.remembered.keys();
    if (this.remembered.size >= this.settings.entriesMax && oldest !== undefined) this.drop(oldest);
    this.remembered.set(hash, { principal, untilMs: this.clock.nowMs() + this.settings.ttlMs });
    this.hashByApiTokenId.set(principal.apiTokenId, hash);
  }

  private drop(hash: string): void {
    const known = this.remembered.get(hash);
    if (!known) return;
    this.remembered.delete(hash);
    this.hashByApiTokenId.delete(known.principal.apiTokenId);
  }
}
