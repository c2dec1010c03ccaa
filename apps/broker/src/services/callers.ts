import type { Principal } from '@aisbf/contracts';
import { bearerOf } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import { brokerFaults } from '../domain/broker-faults.js';

/** Who knows whose API token is whose. */
export abstract class TokenOffice {
  /** Refuses an unknown token as unauthenticated. */
  abstract identify(apiToken: string): Promise<Principal>;
}

/** Those who ask about workers: owners about their own, operators about all. */
@Injectable()
export class Callers {
  constructor(private readonly office: TokenOffice) {}

  async manager(authorization: string | undefined): Promise<Principal> {
    const apiToken = bearerOf(authorization);
    if (apiToken === undefined) throw brokerFaults.TOKEN_MISSING();
    const principal = await this.office.identify(apiToken);
    if (!principal.scopes.includes('manage')) throw brokerFaults.SCOPE_MISSING();
    return principal;
  }
}
