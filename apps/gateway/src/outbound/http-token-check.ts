import { isAddressAllowed } from '@aisbf/access';
import { type Identify, internalPaths, Principal } from '@aisbf/contracts';
import { Fault } from '@aisbf/faults';
import type { Clock, InternalClient } from '@aisbf/platform';
import type { OnApplicationShutdown } from '@nestjs/common';
import { type SessionOwner, TokenCheck } from '../services/token-check.js';

/** Accounts, over kept connections. */
export class HttpTokenCheck extends TokenCheck implements OnApplicationShutdown {
  constructor(
    private readonly accounts: InternalClient,
    private readonly clock: Clock,
  ) {
    super();
  }

  async ask({ apiToken, clientAddress }: SessionOwner): Promise<'good' | 'revoked' | 'unknown'> {
    const question: Identify = { type: 'identify', apiToken };
    try {
      const { accountsIdentify } = internalPaths;
      const principal = await this.accounts.post(accountsIdentify, question, Principal);
      const { scopes, expiresAtMs } = principal;
      const isExpired = expiresAtMs !== null && expiresAtMs <= this.clock.nowMs();
      const isGood =
        scopes.includes('inference') && !isExpired && isAddressAllowed(principal, clientAddress);
      return isGood ? 'good' : 'revoked';
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      const isRefusal = error.kind === 'unauthenticated' || error.kind === 'forbidden';
      return isRefusal ? 'revoked' : 'unknown';
    }
  }

  async onApplicationShutdown(): Promise<void> {
    await this.accounts.close();
  }
}
