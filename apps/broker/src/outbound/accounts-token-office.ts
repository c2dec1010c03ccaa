import { type Identify, internalPaths, Principal } from '@aisbf/contracts';
import type { InternalClient } from '@aisbf/platform';
import { TokenOffice } from '../services/callers.js';

export class AccountsTokenOffice extends TokenOffice {
  constructor(private readonly accounts: InternalClient) {
    super();
  }

  override identify(apiToken: string): Promise<Principal> {
    const question: Identify = { type: 'identify', apiToken };
    return this.accounts.post(internalPaths.accountsIdentify, question, Principal);
  }
}
